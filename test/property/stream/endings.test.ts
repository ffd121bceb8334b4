/** Whatever two ends do to a stream and to their nodes, in whatever order: every call settles, every end is told once, and nothing arrives that was not sent. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ByteStream, type MeshNode, OsierError, type Peer } from '../../../src/index.js';
import { SimNetwork } from '../../../src/testing/index.js';
import { deferred, patternBytes } from '../../scenario/support/nodes.js';

/** More than one packet, less than the first credit, so that some writes wait for room and some do not. */
const SENT = patternBytes(200_000);
const PART_BYTES = 20_000;

/** One end of the stream, and what it wrote and read. */
interface End {
  readonly stream: ByteStream;
  readonly node: MeshNode;
  readonly peer: Peer;
  /** Given to calls that may have taken them. */
  writtenBytes: number;
  /** Taken by calls that said so. */
  acceptedBytes: number;
  readBytes: number;
}

const CALLS = {
  write: (end: End) => write(end),
  tryWrite: async (end: End) => {
    const part = nextPart(end);
    if (!end.stream.tryWrite(part)) return;
    end.writtenBytes += part.length;
    end.acceptedBytes += part.length;
  },
  read: (end: End) => read(end),
  flush: ({ stream }: End) => stream.flush(),
  end: ({ stream }: End) => stream.end(),
  stop: async ({ stream }: End) => stream.stop(3),
  reset: async ({ stream }: End) => stream.reset(4),
  dispose: ({ stream }: End) => stream[Symbol.asyncDispose](),
  closePeer: ({ peer }: End) => peer.close({ timeoutMs: 300 }),
  closeNode: ({ node }: End) => node.close({ timeoutMs: 300 }),
};
type Call = keyof typeof CALLS;

function nextPart(end: End): Uint8Array {
  return SENT.subarray(end.writtenBytes, Math.min(SENT.length, end.writtenBytes + PART_BYTES));
}

async function write(end: End): Promise<void> {
  const part = nextPart(end);
  end.writtenBytes += part.length;
  await end.stream.write(part);
  end.acceptedBytes += part.length;
}

async function read(end: End): Promise<void> {
  const into = new Uint8Array(PART_BYTES);
  const count = await end.stream.read(into);
  const wanted = SENT.subarray(end.readBytes, end.readBytes + count);
  end.readBytes += count;
  expect(Buffer.compare(into.subarray(0, count), wanted)).toBe(0);
}

/** `over` ends the handler, and with it the reading of its end. */
async function openBoth(network: SimNetwork, over: Promise<void>): Promise<readonly [End, End]> {
  // An end that only waits to read learns of a peer that is gone by its own probes alone.
  const options = { keepAliveMs: 5_000, peerLostAfterMs: 30_000 };
  const [server, client] = [await network.host('server').start(options), await network.host('client').start(options)];
  const served = deferred<ByteStream>();
  server.handle('x', async (stream) => {
    served.resolve(stream);
    await over;
  });
  const peer = await client.connect(server.address);
  const stream = await peer.openStream('x');
  const other = await served.promise;
  const none = { writtenBytes: 0, acceptedBytes: 0, readBytes: 0 };
  return [
    { stream, node: client, peer, ...none },
    { stream: other, node: server, peer: other.peer, ...none },
  ];
}

/** Runs the calls of both ends, each at its time, without waiting for any; then ends what is still open. */
async function live(network: SimNetwork, steps: readonly (readonly [0 | 1, Call, number])[]): Promise<void> {
  const over = deferred<void>();
  const ends = await openBoth(network, over.promise);
  const outcomes: Promise<unknown>[] = [];
  const waiting = new Set<string>();
  const settled = (name: string, call: Promise<unknown>): void => {
    const named = `${outcomes.length} ${name}`;
    waiting.add(named);
    outcomes.push(call.catch((error: unknown) => error).finally(() => waiting.delete(named)));
  };
  for (const [at, call, pauseMs] of steps) {
    // What throws at the call is told as what rejects.
    settled(call, (async () => CALLS[call](ends[at]))());
    if (pauseMs > 0) await network.clock.sleep(pauseMs);
  }
  for (const end of ends) {
    settled('last end', end.stream.end());
    settled('last read', drain(end));
    settled('closed', end.stream.closed);
  }
  // Far longer than a peer that is lost goes unnoticed.
  await Promise.race([Promise.all(outcomes), network.clock.sleep(600_000)]);
  expect([...waiting]).toEqual([]);
  const closed = await Promise.all(ends.map(({ stream }) => stream.closed));
  for (const outcome of await Promise.all(outcomes)) if (outcome instanceof Error) expect(outcome).toBeInstanceOf(OsierError);
  for (const [at, outcome] of closed.entries()) {
    const [here, there] = at === 0 ? ends : [ends[1], ends[0]];
    expect(here.readBytes).toBeLessThanOrEqual(there.writtenBytes);
    const stopped = steps.some(([by, call]) => by === at && (call === 'stop' || call === 'dispose'));
    if (outcome.status === 'finished' && !stopped) expect(here.readBytes).toBe(there.acceptedBytes);
  }
  over.resolve();
  for (const end of ends) end.stream.reset();
  const reports = ends.flatMap(({ node }) => [node.close({ timeoutMs: 0 }), node.close()]);
  for (const report of await Promise.all(reports)) expect(['drained', 'cut']).toContain(report.status);
}

async function drain(end: End): Promise<void> {
  for (let before = -1; before !== end.readBytes; ) {
    before = end.readBytes;
    await read(end);
  }
}

const step = fc.tuple(
  fc.constantFrom<0 | 1>(0, 1),
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Call>('write', 'read', 'tryWrite') },
    { weight: 6, arbitrary: fc.constantFrom<Call>('flush', 'end', 'stop', 'reset', 'dispose') },
    { weight: 1, arbitrary: fc.constantFrom<Call>('closePeer', 'closeNode') },
  ),
  fc.constantFrom(0, 0, 1, 5, 50),
);

test('every order of calls settles each of them, tells both ends of the end, and makes no bytes up', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), fc.nat(), async (steps, seed) => {
      const network = new SimNetwork({ seed: String(seed), link: { delayMs: 5, lossRate: 0.05, reorderRate: 0.05 } });
      try {
        await network.run(() => live(network, steps));
      } finally {
        await network[Symbol.asyncDispose]();
      }
    }),
    { numRuns: 200 },
  );
});
