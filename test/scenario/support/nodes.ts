/** Nodes on the loopback for one test, closed when it ends. */
import { onTestFinished } from 'vitest';
import { generateIdentity, generateNetworkSecret, MeshNode, type MeshNodeOptions, type Peer } from '../../../src/index.js';

/** What a test may set; the others have defaults. */
export type TestNodeOptions = Partial<MeshNodeOptions>;

/** As many shards as a run of all tests asks for; none of its own. */
export const shards = Number(process.env.OSIER_TEST_SHARDS ?? 0);

/** A node on a free port of 127.0.0.1. */
export async function startNode(options: TestNodeOptions): Promise<MeshNode> {
  const node = await MeshNode.create({
    identity: await generateIdentity(),
    network: { secret: generateNetworkSecret() },
    listen: 'udp://127.0.0.1:0',
    shards,
    ...options,
  });
  onTestFinished(async () => {
    await node.close({ timeoutMs: 0 });
  });
  return node;
}

/** Two nodes of one network. */
export async function startTwo(
  options: { server?: TestNodeOptions; client?: TestNodeOptions } = {},
): Promise<{ server: MeshNode; client: MeshNode }> {
  const network = { secret: generateNetworkSecret() };
  const server = await startNode({ network, ...options.server });
  const client = await startNode({ network, ...options.client });
  return { server, client };
}

/** Two nodes of one network, the client connected to the server and known there. */
export async function startConnected(
  options: { server?: TestNodeOptions; client?: TestNodeOptions } = {},
): Promise<{ server: MeshNode; client: MeshNode; peer: Peer }> {
  const { server, client } = await startTwo(options);
  const known = nextEvent(server, 'peer');
  const peer = await client.connect(server.address);
  await known;
  return { server, client, peer };
}

/** `byteCount` bytes that differ from their neighbours and from those of other seeds. */
export function patternBytes(byteCount: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  let state = seed >>> 0;
  for (let at = 0; at < byteCount; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** All bytes of an iteration over batches or chunks. */
export async function collect(batches: AsyncIterable<Uint8Array[] | Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const batch of batches) chunks.push(...(batch instanceof Uint8Array ? [Uint8Array.from(batch)] : batch));
  return Buffer.concat(chunks);
}

/** One message, without stopping the reading side. */
export async function nextOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const { value, done } = await stream[Symbol.asyncIterator]().next();
  if (done) throw new Error('the stream ended');
  return value;
}

/** All messages until the end of the stream. */
export async function collectMessages(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Whether two arrays hold the same bytes; compares without printing megabytes on a failure. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Resolves with the arguments of the next event. */
export function nextEvent(emitter: NodeJS.EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...values: unknown[]) => resolve(values)));
}

/** A promise and what settles it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: settle };
}
