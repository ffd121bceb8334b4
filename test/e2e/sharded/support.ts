/** Nodes with shards, and what is asked of them. */
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import {
  type ByteStream,
  generateIdentity,
  generateNetworkSecret,
  MeshNode,
  type MeshNodeOptions,
  OsierError,
  type Peer,
} from '../../../src/index.js';

/** See handlers.mjs. */
export const HANDLERS = new URL('./handlers.mjs', import.meta.url);

/** That of all nodes here. */
export const network = { secret: generateNetworkSecret() };

/** A node on a free port of 127.0.0.1, closed when the test ends. */
export async function start(options: Partial<MeshNodeOptions> = {}): Promise<MeshNode> {
  const node = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0', ...options });
  onTestFinished(async () => {
    await node.close({ timeoutMs: 0 });
  });
  return node;
}

/** As many nodes without shards. */
export function startMany(count: number): Promise<MeshNode[]> {
  return Promise.all(Array.from({ length: count }, () => start()));
}

/** What the handler of 'where' answers. */
export interface Whereabouts {
  readonly index: number;
  readonly id: string;
  readonly data: unknown;
  readonly spans: readonly string[];
  readonly connected: number;
}

/** The shard that `peer`'s node serves this one from. */
export async function whereIs(peer: Peer): Promise<Whereabouts> {
  return JSON.parse(await answerOf(await peer.openStream('where'))) as Whereabouts;
}

/** The first answer from a shard; what fails meanwhile is asked again. */
export async function recovered(peer: Peer): Promise<number> {
  for (;;) {
    try {
      return (await whereIs(peer)).index;
    } catch (error) {
      if (!OsierError.is(error)) throw error;
      // What fails at once must not keep away what would end that.
      await setImmediate();
    }
  }
}

/** All that comes on a stream, as text. */
export async function answerOf(stream: ByteStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const batch of stream) chunks.push(...batch);
  return Buffer.concat(chunks).toString();
}

/** Sends bytes to an 'echo' and resolves when they came back as they were. */
export async function echo(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  const written = stream.write(bytes);
  const received = new Uint8Array(bytes.length);
  for (let count = 0; count < bytes.length; ) {
    const into = new Uint8Array(bytes.length - count);
    const read = await stream.read(into);
    if (read === 0) throw new Error('the stream ended');
    received.set(into.subarray(0, read), count);
    count += read;
  }
  await written;
  if (Buffer.compare(received, bytes) !== 0) throw new Error('other bytes came back');
}
