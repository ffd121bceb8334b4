// Two engines of one environment that write to each other as fast as they can, both ways, on one stream. No handshake: the keys are fixed.
import { loadAddon } from '../../../dist/engine/load-addon.js';

/** @typedef {import('../../../dist/engine/engine.js').Engine} Engine */

/** @type {import('../../../dist/engine/engine.js').EngineConfig} */
export const CONFIG = {
  idleTimeoutMicros: 0,
  peerLostAfterMicros: 30_000_000,
  keepAliveMicros: 0,
  memoryBytes: 64 << 20,
  peers: 16,
  streamsPerPeer: 16,
  streamWindowBytes: 1 << 20,
  messageBytes: 16 << 20,
  initialDataBytes: 48 << 10,
  initialStreamDataBytes: 48 << 10,
  mtuBytes: 1200,
  congestion: 0,
  spinMicros: Number(process.env.OSIER_TEST_SPIN_MICROS ?? 0),
};
const PEER_CREDIT = { peerMaxData: 48 << 10, peerMaxStreamData: 48 << 10, peerMaxStreams: 16 };
const RECORD_WORDS = 8;
const OPENED = 3;
const BYTE = 0x5a;
const NOTHING = new Uint8Array();

/** A fresh engine of the built addon, or of the one that OSIER_TEST_ADDON names.
 * @param {import('../../../dist/engine/engine.js').BatchListener} listener @param {Partial<typeof CONFIG>} [config] @returns {Engine} */
export function createEngine(listener, config = {}) {
  addon ??= testAddon() ?? loadAddon();
  const { NativeEngine } = addon;
  return new NativeEngine({ ...CONFIG, ...config }, listener);
}

/** Loaded once: every time would define the class anew. @type {import('../../../dist/engine/load-addon.js').Addon | undefined} */
let addon;

/** @returns {import('../../../dist/engine/load-addon.js').Addon | null} */
function testAddon() {
  const file = process.env.OSIER_TEST_ADDON;
  if (file === undefined) return null;
  const module = { exports: /** @type {any} */ ({}) };
  process.dlopen(module, file);
  return module.exports;
}

/** Starts traffic. `onMoved` is called inside the listener with the bytes read so far at both ends, `onRecord` with every record's kind and bytes.
 * @param {(bytes: number) => void} onMoved @param {(kind: number, bytes: Uint8Array) => void} [onRecord] */
export function startTraffic(onMoved, onRecord = () => {}) {
  const chunk = new Uint8Array(16_384).fill(BYTE);
  const into = new Uint8Array(65_536);
  let moved = 0;

  /** @type {End[]} */
  const ends = [];
  /** @typedef {{ engine: Engine, association: number, stream: number, port: number }} End */

  /** @param {number} index @param {number} records */
  function onBatch(index, records) {
    const end = ends[index];
    if (end === undefined) return;
    for (let at = 0; at < records * RECORD_WORDS; at += RECORD_WORDS) {
      const [kind = 0, , stream = -1, bytesAt = 0, byteCount = 0] = end.engine.events.subarray(at, at + RECORD_WORDS);
      if (kind === OPENED) end.stream = stream;
      onRecord(kind, end.engine.bytes.subarray(bytesAt, bytesAt + byteCount));
    }
    if (end.stream < 0) return;
    moved += readAll(end) + readByView(end);
    writeAll(end);
    onMoved(moved);
  }

  /** @param {End} end */
  function readAll({ engine, association, stream }) {
    const count = engine.read(association, stream, into);
    if (count > 0 && (into[0] !== BYTE || into[count - 1] !== BYTE)) throw new Error('foreign bytes arrived');
    return Math.max(count, 0);
  }

  /** @param {End} end */
  function readByView({ engine, association, stream }) {
    const view = engine.peek(association, stream);
    if (view === null) return 0;
    if (view[0] !== BYTE || view[view.length - 1] !== BYTE) throw new Error('foreign bytes in the ring');
    const count = view.length;
    engine.consume(association, stream, count);
    return count;
  }

  /** @param {End} end */
  function writeAll({ engine, association, stream }) {
    while (engine.write(association, stream, chunk) === chunk.length);
  }

  for (const parity of /** @type {const} */ ([0, 1])) {
    const engine = createEngine((records) => onBatch(parity, records));
    const { port } = engine.bind('127.0.0.1', 0);
    ends.push({ engine, port, association: engine.createAssociation({ parity, ...PEER_CREDIT }), stream: -1 });
  }
  const [first, second] = /** @type {[End, End]} */ (ends);
  installSessions(first, second);
  first.stream = first.engine.openStream(first.association, 0, 3, new TextEncoder().encode('traffic'), NOTHING);
  writeAll(first);

  return {
    engines: /** @type {const} */ ([first.engine, second.engine]),
    ports: /** @type {const} */ ([first.port, second.port]),
    moved: () => moved,
    close: () => {
      for (const { engine } of ends) engine.close();
    },
  };
}

/** @param {{ engine: Engine, association: number, port: number }} first @param {{ engine: Engine, association: number, port: number }} second */
function installSessions(first, second) {
  const key = (/** @type {number} */ byte) => new Uint8Array(32).fill(byte);
  const indices = [first, second].map(({ engine }) => engine.reserveIndex(key(3)));
  for (const [own, other, index] of /** @type {const} */ ([
    [first, second, 0],
    [second, first, 1],
  ])) {
    own.engine.installSession(own.association, {
      localIndex: indices[index] ?? 0,
      remoteIndex: indices[1 - index] ?? 0,
      cipher: 0,
      sendKey: key(index + 1),
      receiveKey: key(2 - index),
      firstSend: 0n,
      firstReceive: 0n,
      path: own.engine.pathTo('127.0.0.1', other.port),
      begunHere: true,
      confirmed: true,
      preferred: true,
    });
  }
}
