// One ending of nodes with shards in mid-traffic, in a process of its own: `node closing.mjs SCENARIO`. Prints nothing when all is well.
import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';
import { generateIdentity, generateNetworkSecret, MeshNode, OsierError } from '../../../dist/index.js';

const secret = generateNetworkSecret();
const handlers = new URL('./handlers.mjs', import.meta.url);
const chunk = new Uint8Array(100_000);

/** @param {import('../../../dist/index.js').MeshNodeOptions} options */
async function start(options = /** @type {never} */ ({})) {
  return MeshNode.create({ ...options, identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
}

/** A server and a client of two shards each, with streams of which one ends in a shard and one on the main thread. */
async function traffic() {
  const server = await start(/** @type {never} */ ({ shards: 2, handlers }));
  const client = await start(/** @type {never} */ ({ shards: 2 }));
  server.handle('main', async (stream) => {
    for await (const batch of stream) for (const piece of batch) await stream.write(piece);
  });
  const peer = await client.connect(server.address);
  const ends = ['echo', 'main'].map(async (protocol) => {
    const stream = await peer.openStream(protocol);
    let received = 0;
    const reading = (async () => {
      for await (const batch of stream) for (const piece of batch) received += piece.length;
    })();
    const writing = (async () => {
      for (;;) await stream.write(chunk);
    })();
    const failures = (await Promise.allSettled([reading, writing])).map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null));
    if (received === 0) throw new Error('nothing came');
    // The last handed-over chunk may have been whole: then reading just ends.
    for (const failure of failures) if (failure !== null && !OsierError.is(failure)) throw failure;
    return stream.closed;
  });
  while (peer.stats().bytesReceived < 3_000_000n) await client.clock.sleep(5);
  return { server, client, ends };
}

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  close: async () => {
    for (let round = 0; round < 5; round++) {
      const { server, client, ends } = await traffic();
      const [first, second] = round % 2 === 0 ? [server, client] : [client, server];
      const report = await first.close({ timeoutMs: round < 2 ? 0 : 50 });
      if (report.status !== 'cut') throw new Error('streams that never end cannot have been drained');
      for (const outcome of await Promise.all(ends)) if (outcome.status !== 'failed') throw new Error('a stream that was cut looks finished');
      await second.close({ timeoutMs: 0 });
    }
  },
  exit: async () => {
    await traffic();
    process.exit(7);
  },
  throw: async () => {
    await traffic();
    setImmediate(() => {
      throw new Error('thrown on the main thread');
    });
  },
  // Shards of a worker go with it.
  terminate: async () => {
    for (let round = 0; round < 5; round++) {
      const worker = new Worker(new URL(import.meta.url), { argv: ['hold'] });
      await once(worker, 'message');
      if ((await worker.terminate()) !== 1) throw new Error('the worker had ended already');
    }
  },
  hold: async () => {
    await traffic();
    parentPort?.postMessage('in traffic');
    await new Promise(() => {});
  },
  // Nothing of a closed node keeps the process alive.
  idle: async () => {
    const node = await start(/** @type {never} */ ({ shards: 2, handlers }));
    await node.close();
  },
};

await scenarios[process.argv[2] ?? '']?.();
