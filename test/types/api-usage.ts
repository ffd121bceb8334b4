// Programs against the declarations of the built package, which test/package/programs.ts runs against the packed one. Each is complete but for what its
// parameters stand for.
// 5 and 6 are only checked against the types; in 6 the channel of routes stands for that of traversal, which does not exist yet. In 8 the case of blocked UDP
// waits for its code.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Clock, MessageStream, Path, Peer, ShardModule } from 'osier';
import { generateIdentity, loadIdentity, MeshNode, OsierError, onDiagnostics } from 'osier';
import { contentType, metricsText } from 'osier/metrics/prometheus';
import { SimNetwork } from 'osier/testing';

const text = { encode: (value: string) => new TextEncoder().encode(value), decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes) };

// 1. An echo server and a client in one process.
export async function echo(secret: string): Promise<void> {
  await using server = await MeshNode.create({ identity: './server.key', network: { secret }, listen: 'udp://127.0.0.1:7400' });
  server.handle('echo', async (stream) => {
    for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
  });

  await using client = await MeshNode.create({ identity: await generateIdentity(), network: { secret } });
  const peer = await client.connect(server.address);
  await using stream = await peer.openStream('echo');
  await stream.write(text.encode('hello'));
  void stream.end();
  for await (const batch of stream) for (const chunk of batch) console.log(text.decode(chunk));
}

// 2. Sends a file, reports progress, and can be cancelled: the receiver then sees a reset, never a short file.
export async function sendFile(peer: Peer, path: string, signal: AbortSignal, onProgress: (share: number) => void): Promise<void> {
  const { size } = await stat(path);
  await using stream = await peer.openStream('files', { priority: 5, metadata: { name: basename(path), size: String(size) }, signal });
  for await (const chunk of createReadStream(path, { signal })) {
    await stream.write(chunk, { signal });
    onProgress(Number(stream.stats().bytesAcknowledged) / size);
  }
  await stream.end({ signal });
}

// 3. Steers a robot: a command that is 50 ms late must never be carried out, and its fate decides what follows.
export async function steer(robot: Peer, commands: AsyncIterable<Uint8Array>): Promise<void> {
  await using stream = await robot.openStream('steer', { kind: 'messages', lifetimeMs: 50, priority: 0 });
  for await (const command of commands) {
    const outcome = await stream.deliver(command);
    switch (outcome.status) {
      case 'delivered':
        break;
      case 'expired':
        console.warn('link too slow, command dropped');
        break;
      case 'unknown':
        throw new Error('the robot may or may not have moved', { cause: outcome.error });
    }
  }
  await stream.end();
}

// 4. Quotes for many subscribers: a slow one misses quotes, and delays nobody.
export async function publishQuotes(node: MeshNode, quotes: AsyncIterable<Uint8Array>): Promise<void> {
  const subscribers = new Set<MessageStream>();
  await using _service = node.handle('quotes', { kind: 'messages' }, async (stream, { draining }) => {
    subscribers.add(stream);
    await Promise.race([stream.closed, once(draining, 'abort')]);
    subscribers.delete(stream);
  });
  let missed = 0;
  for await (const quote of quotes) {
    for (const subscriber of subscribers) if (!subscriber.trySend(quote)) missed++;
  }
  console.log('quotes not sent to slow subscribers:', missed);
}

// 5. A relay: forwards for members at a bounded rate, on a thread of its own, and lets operators change what matters without a restart.
export async function relay(secrets: () => [string, string], revocations: () => Uint8Array[]): Promise<() => { contentType: string; body: string }> {
  const node = await MeshNode.create({
    identity: await loadIdentity('/var/lib/osier/relay.key', { ifMissing: 'create' }),
    network: { secret: secrets() },
    listen: ['udp://0.0.0.0:7400', 'udp://[::]:7400'],
    advertise: ['relay1.example.net:7400'],
    relay: { maxBytesPerSecond: 125_000_000 },
    shards: 1,
  });
  for (const reason of node.info().reasons) console.warn(reason);
  node.on('warning', (error) => console.warn(error.code, error.message));
  process.on('SIGHUP', () => void node.reload({ network: { secret: secrets() }, statements: revocations() }));
  process.once('SIGTERM', () => void node.close({ reason: 'maintenance' }));
  return () => ({ contentType, body: metricsText(node) });
}

// 6. A client behind NAT: works through a relay at once, moves to a direct path when one opens, and logs why.
export async function camera(secret: string, relayAddress: string, recorderId: string): Promise<void> {
  await using node = await MeshNode.create({ identity: './camera.key', network: { secret }, peers: [relayAddress] });
  using _log = onDiagnostics('osier:route', ({ id, after }) => console.log(id, after?.nextHop ?? 'is out of reach'));
  const recorder = await node.connect(recorderId, { reconnect: 'always' });
  recorder.on('path', ({ to, cause }) => console.log(describe(to), 'because', cause));
  console.log(describe(recorder.path), await node.trace(recorderId));
  await recorder.openStream('video', { kind: 'datagrams' });
}

function describe(path: Path | null): string {
  switch (path?.kind) {
    case undefined:
      return 'no path';
    case 'direct':
      return `direct to ${path.remote.host}:${path.remote.port}`;
    case 'relayed':
      return `through ${path.nextHop}`;
  }
}

// 7. A service with a life cycle: requests in flight are finished on shutdown, and what could not be is said.
export function register(
  app: { addHook(name: 'onClose', hook: () => Promise<void>): void; log: { warn(message: string): void } },
  node: MeshNode,
): void {
  node.handle('jobs', { kind: 'messages', maxConcurrent: 100 }, async (stream, { draining, peer }) => {
    for await (const job of stream.until(draining)) await stream.send(await work(job, peer.id));
  });
  app.addHook('onClose', async () => {
    const report = await node.close({ timeoutMs: 10_000, reason: 'deploy' });
    if (report.status === 'cut') app.log.warn(`${report.streams} streams cut, ${report.unacknowledgedBytes} bytes unacknowledged`);
  });
}
declare function work(job: Uint8Array, by: string): Promise<Uint8Array>;

// 8. Says to a person what is wrong with a connection, for every way in which connecting can fail.
export async function explainConnect(node: MeshNode, address: string): Promise<string> {
  try {
    const peer = await node.connect(address, { timeoutMs: 20_000 });
    return `connected to ${peer.id}`;
  } catch (error) {
    if (!OsierError.is(error)) throw error;
    switch (error.code) {
      case 'ERR_OSIER_BAD_ID':
      case 'ERR_OSIER_BAD_ADDRESS':
        return `check the spelling of ${error.details.input}`;
      case 'ERR_OSIER_UNRESOLVED':
        return `no DNS entry for ${error.details.hosts.join(', ')}`;
      case 'ERR_OSIER_UNREACHABLE':
        return `nobody knows a way to ${error.details.id}`;
      case 'ERR_OSIER_TIMEOUT':
        return error.details.hints.includes('version') ? 'no answer; perhaps another version' : 'no answer: down, blocked, or another network secret';
      case 'ERR_OSIER_INCOMPATIBLE':
        return `update one side: no common ${error.details.subject}`;
      case 'ERR_OSIER_PIN_MISMATCH':
        return `expected ${error.details.pinned}, found ${error.details.found}`;
      case 'ERR_OSIER_REFUSED':
        return error.details.why === 'policy' ? 'not admitted' : 'full or going down: try again later';
      case 'ERR_OSIER_REVOKED':
        return error.details.successor ? `moved to ${error.details.successor}` : 'this id was revoked';
      case 'ERR_OSIER_DUPLICATE_IDENTITY':
        return `two nodes use the key of ${error.details.id}`;
      case 'ERR_OSIER_LIMIT':
        return `raise limits.${error.details.limit}`;
      default:
        return error.message;
    }
  }
}

// 9. A server on four threads; the second function is the module that each of them loads.
export async function shardedServer(secret: string): Promise<void> {
  const node = await MeshNode.create({
    identity: './server.key',
    network: { secret },
    listen: 'udp://[::]:7400',
    shards: 4,
    handlers: new URL('./handlers.js', import.meta.url),
  });
  console.log(`running on ${node.info().shards} shards`);
}
export const registerShard: ShardModule['register'] = (shard) => {
  let served = 0;
  shard.handle('count', { kind: 'messages' }, async (stream) => {
    for await (const batch of stream.batches()) {
      served += batch.length;
      await stream.send(text.encode(`shard ${shard.index}: ${served}`));
    }
  });
};

// 10. A test of one's own protocol: a heartbeat must survive 20 % loss and notice a crash within a second, on every machine alike.
export async function heartbeatTest(assert: (condition: boolean) => void): Promise<void> {
  await using net = new SimNetwork({ seed: '42', link: { delayMs: 30, lossRate: 0.2 } });
  await net.run(async () => {
    const server = net.host('server');
    const client = net.host('client', { nat: 'cone' });
    const far = await server.start();
    far.handle('beat', { kind: 'messages' }, async (stream) => {
      for await (const beat of stream) await stream.send(beat);
    });
    const node = await client.start();
    const peer = await node.connect(far.address);
    const beats = await peer.openStream('beat', { kind: 'messages', lifetimeMs: 500 });

    assert(await alive(beats, net.clock));
    server.crash();
    const crashedAtMs = net.clock.nowMs();
    while (await alive(beats, net.clock));
    assert(net.clock.nowMs() - crashedAtMs < 1_000);
  });
}

async function alive(beats: MessageStream, clock: Clock): Promise<boolean> {
  const beat = beats.deliver(text.encode('beat')).then(({ status }) => status === 'delivered');
  return Promise.race([beat, clock.sleep(800).then(() => false)]);
}
