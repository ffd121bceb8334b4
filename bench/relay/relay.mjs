// The relay of the forwarding benchmark: the real engine and its sockets, with two neighbours whose keys are agreed beforehand, since nothing of a handshake
// is measured. `node relay.mjs SINK_PORT`; prints {"port","index"}, and its counters when a line comes.
import { loadAddon } from '../../dist/engine/load-addon.js';

const [sinkPort = 0] = process.argv.slice(2).map(Number);
const { NativeEngine } = loadAddon();

/** What `load/src/packets.rs` knows, too. */
const ids = { source: new Uint8Array(8).fill(1), relay: new Uint8Array(8).fill(2), sink: new Uint8Array(8).fill(3) };
const hopKeys = { source: new Uint8Array(16).fill(0x11), sink: new Uint8Array(16).fill(0x22), unused: new Uint8Array(16).fill(0x33) };
const SINK_INDEX = 0x01020304;

const engine = new NativeEngine(
  {
    idleTimeoutMicros: 0,
    peerLostAfterMicros: 0,
    keepAliveMicros: 0,
    memoryBytes: 512 << 20,
    peers: 16,
    streamsPerPeer: 16,
    streamWindowBytes: 16 << 20,
    messageBytes: 16 << 20,
    initialDataBytes: 48 << 10,
    initialStreamDataBytes: 48 << 10,
    mtuBytes: Number(process.env.OSIER_RELAY_MTU ?? 1200),
    congestion: 0,
    routeId: ids.relay,
    relay: { maxBytesPerSecond: 0, queueBytes: 4 << 20 },
  },
  () => {},
);
const { port } = engine.bind('127.0.0.1', 0);

/** @param {Uint8Array} peerRouteId @param {number} peerPort @param {number} remoteIndex @param {Uint8Array} sendHopKey @param {Uint8Array} receiveHopKey */
function addNeighbour(peerRouteId, peerPort, remoteIndex, sendHopKey, receiveHopKey) {
  const association = engine.createAssociation({ parity: 0, peerMaxData: 0, peerMaxStreamData: 0, peerMaxStreams: 0, peerRouteId });
  const localIndex = engine.reserveIndex(new Uint8Array(32));
  engine.installSession(association, {
    localIndex,
    remoteIndex,
    cipher: 0,
    sendKey: new Uint8Array(32).fill(7),
    receiveKey: new Uint8Array(32).fill(8),
    sendHopKey,
    receiveHopKey,
    firstSend: 0n,
    firstReceive: 0n,
    path: engine.pathTo('127.0.0.1', peerPort),
    begunHere: true,
    confirmed: true,
    preferred: true,
  });
  return { association, localIndex };
}

const source = addNeighbour(ids.source, 9, 1, hopKeys.unused, hopKeys.source);
const sink = addNeighbour(ids.sink, sinkPort, SINK_INDEX, hopKeys.sink, hopKeys.unused);
const route = new Uint8Array(16);
route.set(ids.sink);
new DataView(route.buffer).setUint32(8, sink.association, true);
new DataView(route.buffer).setUint32(12, 9000, true);
engine.setRoutes(route);

console.log(JSON.stringify({ port, index: source.localIndex }));
process.stdin.on('data', () => {
  const counters = new BigUint64Array(32);
  engine.stats(counters);
  console.log(JSON.stringify({ counters: [...counters].map(Number), cpu: process.cpuUsage() }));
});
process.stdin.on('end', () => process.exit(0));
