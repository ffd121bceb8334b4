import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FirstMessage, type OpenedMessage, openHere } from '../../src/handshake/first-message.js';
import { FirstMessages } from '../../src/handshake/first-messages.js';
import { HandshakeFault, type HandshakeParty } from '../../src/handshake/index.js';
import { ikInitiator, type NoiseHandshake, xxInitiator } from '../../src/handshake/noise.js';
import { exchangeKeysOf, generateIdentity } from '../../src/identity/index.js';
import { formatAddress, generateNetworkSecret, type MeshNode, parseAddress } from '../../src/index.js';
import { createMeshNode } from '../../src/node/mesh-node.js';
import { startNode } from '../scenario/support/nodes.js';
import { draw } from '../unit/handshake/parties.js';
import { runningThreads, ThreadedRuntime } from './support/threads.js';

type Keys = HandshakeParty['exchangeKeys'];
type Opened = OpenedMessage | HandshakeFault;

interface Sample {
  readonly first: FirstMessage;
  readonly initiator: NoiseHandshake;
}

/** A message 1 to the owner of `keys`; `number` decides on the pattern. */
async function sampleFor(keys: Keys, number: number): Promise<Sample> {
  const prologue = draw(32);
  const caller = exchangeKeysOf(await generateIdentity());
  const ends = { prologue, localStatic: caller, ephemeralSecret: draw(32) };
  const psk = number % 2 === 0 ? null : draw(32);
  const initiator = psk === null ? ikInitiator({ ...ends, remoteStatic: keys.publicKey }) : xxInitiator({ ...ends, psk });
  const message = initiator.writeMessage(draw(60));
  return { initiator, first: { pattern: psk === null ? 'IK' : 'XXpsk0', prologue, psk, ephemeralSecret: draw(32), message } };
}

async function samplesFor(keys: Keys, count: number): Promise<Sample[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => sampleFor(keys, number)));
}

const copyOf = (first: FirstMessage): FirstMessage => ({ ...first, ephemeralSecret: Uint8Array.from(first.ephemeralSecret) });

function messagesOn(runtime: ThreadedRuntime, keys: Keys): { messages: FirstMessages; failures: unknown[] } {
  const failures: unknown[] = [];
  const fail = (cause: unknown): void => void failures.push(cause);
  const messages = new FirstMessages(keys, { runtime, onThreadsFailed: fail, onFault: fail });
  onTestFinished(() => messages.close());
  return { messages, failures };
}

/** What becomes of each, in the order in which they were settled. */
function openAll(messages: FirstMessages, samples: readonly Sample[]): Promise<{ readonly sample: Sample; readonly opened: Opened }[]> {
  const settled: { readonly sample: Sample; readonly opened: Opened }[] = [];
  return new Promise((resolve) => {
    for (const sample of samples) {
      messages.open(copyOf(sample.first), (opened) => {
        settled.push({ sample, opened });
        if (settled.length === samples.length) resolve(settled);
      });
    }
  });
}

function notFault(opened: Opened): OpenedMessage {
  if (opened instanceof HandshakeFault) throw opened;
  return opened;
}

/** All that both ends can say of a handshake after message 1. */
function transcriptOf({ noise, payload }: OpenedMessage, { first, initiator }: Sample): unknown {
  const message2 = noise.writeMessage(Uint8Array.of(1, 2, 3));
  const caller = initiator.clone();
  const answer = caller.readMessage(message2);
  const seen = noise.remoteStatic === null ? null : Uint8Array.from(noise.remoteStatic);
  if (first.pattern === 'XXpsk0') noise.clone().readMessage(caller.writeMessage(Uint8Array.of(4)));
  return { payload: Uint8Array.from(payload), message2, answer, seen, keys: first.pattern === 'IK' ? [noise.split(), caller.split()] : null };
}

describe('message 1s on threads', () => {
  test('lead to the same bytes and keys as on the thread of the node, in the order that they came in', async () => {
    const keys = exchangeKeysOf(await generateIdentity());
    const runtime = new ThreadedRuntime();
    const { messages, failures } = messagesOn(runtime, keys);
    const samples = await samplesFor(keys, 60);
    const settled = await openAll(messages, samples);
    expect(settled.map(({ sample }) => sample)).toEqual(samples);
    for (const { sample, opened } of settled) {
      const here = transcriptOf(notFault(openHere(copyOf(sample.first), keys)), sample);
      expect(transcriptOf(notFault(opened), sample)).toEqual(here);
    }
    expect(runtime.tasks).toBeGreaterThan(30);
    expect(failures).toEqual([]);
  });

  test('that are forged are unauthentic there as here', async () => {
    const keys = exchangeKeysOf(await generateIdentity());
    const { messages } = messagesOn(new ThreadedRuntime(), keys);
    const forged = (await samplesFor(keys, 60)).map(({ first, initiator }) => {
      const message = Uint8Array.from(first.message);
      message[50] = (message[50] ?? 0) ^ 1;
      return { initiator, first: { ...first, message } };
    });
    for (const { opened } of await openAll(messages, forged)) expect(opened).toMatchObject({ reason: 'unauthentic' });
  });

  test('are lost with a thread that crashes at them, and no others', async () => {
    const keys = exchangeKeysOf(await generateIdentity());
    const runtime = new ThreadedRuntime(new URL('./threads/crashing-reader.mjs', import.meta.url));
    const { messages, failures } = messagesOn(runtime, keys);
    // Never two of them in a row, which would look like threads that fail.
    const samples = (await samplesFor(keys, 80)).filter(({ first }, index, all) => !crashes(first) || !crashes(all[index - 1]?.first));
    const settled = await openAll(messages, samples);
    const readHere = samples.length - runtime.tasks;
    settled.forEach(({ sample, opened }, index) => {
      if (index >= readHere && crashes(sample.first)) expect(opened).toMatchObject({ reason: 'unread' });
      else expect(notFault(opened).payload.length).toBe(60);
    });
    expect(settled.filter(({ opened }) => opened instanceof HandshakeFault).length).toBeGreaterThan(0);
    expect(failures).toEqual([]);
  });

  test('are read by the node itself once threads fail one after another, and the key is overwritten', async () => {
    const keys = exchangeKeysOf(await generateIdentity());
    const runtime = new ThreadedRuntime(new URL('./threads/broken-reader.mjs', import.meta.url));
    const { messages, failures } = messagesOn(runtime, keys);
    await openAll(messages, await samplesFor(keys, 60));
    expect(failures).toHaveLength(1);
    const tasks = runtime.tasks;
    for (const { opened } of await openAll(messages, await samplesFor(keys, 20))) expect(notFault(opened).payload.length).toBe(60);
    expect(runtime.tasks).toBe(tasks);
    await messages.close();
    expect(runtime.sharedKey.every((byte) => byte === 0)).toBe(true);
  });

  test('are dropped when the node closes, and nothing is left: no thread, no key, no promise', async () => {
    const unhandled: unknown[] = [];
    const note = (cause: unknown): void => void unhandled.push(cause);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    const keys = exchangeKeysOf(await generateIdentity());
    const runtime = new ThreadedRuntime();
    const { messages, failures } = messagesOn(runtime, keys);
    const samples = await samplesFor(keys, 300);
    await openAll(messages, samples.slice(0, 30));
    let settled = 0;
    for (const { first } of samples) messages.open(copyOf(first), () => settled++);
    const atClose = settled;
    expect(runningThreads.size).toBeGreaterThan(0);
    await messages.close();
    expect(settled).toBe(atClose);
    expect(runtime.sharedKey.every((byte) => byte === 0)).toBe(true);
    expect(runningThreads.size).toBe(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect([failures, unhandled]).toEqual([[], []]);
  });
});

test('threads that have nothing to do keep no process alive', () => {
  const program = fileURLToPath(new URL('./threads/forgetful.mjs', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 30_000 });
  expect([status, stdout]).toEqual([0, '0 left, some threads\n']);
});

/** What ./threads/crashing-reader.mjs crashes at. */
function crashes(first: FirstMessage | undefined): boolean {
  return first !== undefined && (first.message[40] ?? 0) % 7 === 0;
}

async function startThreaded(runtime: ThreadedRuntime, secret: Uint8Array): Promise<MeshNode> {
  const node = await createMeshNode({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' }, runtime);
  onTestFinished(async () => void (await node.close({ timeoutMs: 0 })));
  return node;
}

describe('a burst of 200 callers', () => {
  test.each(['by id', 'by address'])('all connect, most of them read on threads: %s', async (way) => {
    const runtime = new ThreadedRuntime();
    const secret = generateNetworkSecret();
    const server = await startThreaded(runtime, secret);
    const target = way === 'by id' ? server.address : formatAddress({ id: null, hosts: parseAddress(server.address).hosts });
    const clients = await Promise.all(Array.from({ length: 200 }, () => startNode({ network: { secret } })));
    let known = 0;
    const allKnown = new Promise<void>((resolve) => {
      server.on('peer', () => void (++known === 200 && resolve()));
    });
    const peers = await Promise.all(clients.map((client) => client.connect(target)));
    expect(peers.every(({ id }) => id === server.id)).toBe(true);
    await allKnown;
    expect(runtime.tasks).toBeGreaterThan(50);
  });

  test('that a node closes in the middle of leaves no thread behind', async () => {
    const runtime = new ThreadedRuntime();
    const secret = generateNetworkSecret();
    const server = await startThreaded(runtime, secret);
    const clients = await Promise.all(Array.from({ length: 100 }, () => startNode({ network: { secret } })));
    const begun = once(process, 'worker');
    const outcomes = Promise.allSettled(clients.map((client) => client.connect(server.address, { timeoutMs: 5_000 })));
    await begun;
    expect(runningThreads.size).toBeGreaterThan(0);
    await server.close({ timeoutMs: 0 });
    expect(runningThreads.size).toBe(0);
    await Promise.all(clients.map((client) => client.close({ timeoutMs: 0 })));
    await outcomes;
  });
});
