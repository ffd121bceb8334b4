/**
 * Runs the programs of ../types/api-usage.ts, in a folder where the packed package is installed, and prints a line for each. What needs no more than a
 * connection runs on the loopback; what waits, fails or loses something, in virtual time.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type ByteStream, type MeshNode, OsierError, type Peer } from 'osier';
import { type SimHost, SimNetwork } from 'osier/testing';
import { echo, heartbeatTest, publishQuotes, register, sendFile, steer } from '../types/api-usage.js';
import { explainFailures } from './explanations.js';
import { callShards } from './shards.js';

const FILE_BYTES = 2_000_000;

const osier = (...args: string[]): string => execFileSync('node_modules/.bin/osier', args, { encoding: 'utf8' }).trim();
const passed = (program: string): void => void process.stdout.write(`${program}\n`);

await runEcho();
await simulated(sendsAFile);
await simulated(cancelsAFile);
await simulated(steers);
await simulated(publishes);
await simulated(finishesJobs);
await explainFailures();
passed('8 explain');
await runShards();
await heartbeatTest((condition) => assert.ok(condition));
passed('10 heartbeat');

async function runEcho(): Promise<void> {
  osier('keygen', 'server.key');
  assert.deepEqual(await linesOf('log', () => echo(osier('keygen', '--network'))), ['hello']);
  passed('1 echo');
}

async function runShards(): Promise<void> {
  assert.deepEqual(await linesOf('log', () => callShards(osier('keygen', '--network'))), ['running on 4 shards']);
  passed('9 shards');
}

/** Two nodes 10 ms apart, one connected to the other. */
interface Stage {
  readonly network: SimNetwork;
  readonly hosts: readonly [SimHost, SimHost];
  readonly server: MeshNode;
  readonly client: MeshNode;
  readonly peer: Peer;
}

async function simulated(program: (stage: Stage) => Promise<void>): Promise<void> {
  await using network = new SimNetwork({ link: { delayMs: 10 } });
  await network.run(async () => {
    const hosts = [network.host('server'), network.host('client')] as const;
    const server = await hosts[0].start();
    const client = await hosts[1].start();
    await program({ network, hosts, server, client, peer: await client.connect(server.address) });
  });
}

async function sendsAFile({ server, peer }: Stage): Promise<void> {
  writeFileSync('file', new Uint8Array(FILE_BYTES).fill(7));
  const received = receiveFile(server);
  const shares: number[] = [];
  await sendFile(peer, 'file', new AbortController().signal, (share) => shares.push(share));
  const { bytes, metadata, error } = await received;
  assert.deepEqual([bytes, { ...metadata }, error], [FILE_BYTES, { name: 'file', size: String(FILE_BYTES) }, null]);
  assert.ok(shares.length > 10 && shares.every((share, at) => share >= (shares[at - 1] ?? 0) && share <= 1), `progress ${shares}`);
  passed('2 file');
}

async function cancelsAFile({ server, peer }: Stage): Promise<void> {
  const received = receiveFile(server);
  const cancelled = new AbortController();
  const sending = sendFile(peer, 'file', cancelled.signal, (share) => share > 0.2 && cancelled.abort());
  await assert.rejects(sending, { name: 'AbortError' });
  const { bytes, error } = await received;
  assert.ok(bytes < FILE_BYTES && OsierError.is(error, 'ERR_OSIER_STREAM_RESET'), 'the receiver must see a reset, never a short file');
  passed('2 file, cancelled');
}

/** What came of the next file that is sent. */
function receiveFile(server: MeshNode): Promise<{ bytes: number; metadata: object; error: unknown }> {
  return new Promise((resolve) => {
    server.handle('files', async (stream: ByteStream, { metadata }) => {
      let bytes = 0;
      try {
        for await (const batch of stream) for (const chunk of batch) bytes += chunk.length;
        resolve({ bytes, metadata, error: null });
      } catch (error) {
        resolve({ bytes, metadata, error });
      }
    });
  });
}

async function steers({ network, hosts, server, peer: robot }: Stage): Promise<void> {
  const carriedOut: number[] = [];
  server.handle('steer', { kind: 'messages' }, async (stream) => {
    for await (const [command = -1] of stream) carriedOut.push(command);
  });
  const commands = async function* (): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1);
    network.partition([hosts[0]], [hosts[1]]);
    void network.clock.sleep(500).then(() => network.heal());
    yield Uint8Array.of(2);
    yield Uint8Array.of(3);
  };
  const warnings = await linesOf('warn', () => steer(robot, commands()));
  assert.deepEqual([carriedOut, warnings], [[1, 3], ['link too slow, command dropped']]);

  const crashing = async function* (): AsyncGenerator<Uint8Array> {
    network.partition([hosts[0]], [hosts[1]]);
    void network.clock.sleep(5).then(() => robot.close({ timeoutMs: 0 }));
    yield Uint8Array.of(4);
  };
  await assert.rejects(steer(robot, crashing()), { message: 'the robot may or may not have moved' });
  passed('3 steer');
}

async function publishes({ network, server, peer: quick }: Stage): Promise<void> {
  const slow = await (await network.host('slow').start()).connect(server.address);
  const ended = new AbortController();
  const quotes = async function* (): AsyncGenerator<Uint8Array> {
    const stream = await quick.openStream('quotes', { kind: 'messages' });
    await slow.openStream('quotes', { kind: 'messages' });
    await network.clock.sleep(100);
    const reading = (async () => {
      let count = 0;
      for await (const _quote of stream) if (++count === 200) return network.clock.nowMs();
      throw new Error(`${count} quotes`);
    })();
    for (let quote = 0; quote < 200; quote++) {
      yield new Uint8Array(20_000);
      await network.clock.sleep(10);
    }
    const delayMs = (await reading) - network.clock.nowMs();
    assert.ok(delayMs < 1_000, `the quick subscriber was ${delayMs} ms behind`);
    ended.abort();
  };
  const [line = ''] = await linesOf('log', () => publishQuotes(server, quotes()));
  const missed = Number(/^quotes not sent to slow subscribers: (\d+)$/.exec(line)?.[1]);
  assert.ok(missed > 0 && missed < 200 && ended.signal.aborted, line);
  passed('4 quotes');
}

async function finishesJobs({ network, server, client, peer }: Stage): Promise<void> {
  const service = registered(server);
  // The program has it from elsewhere. A job of 0 takes for ever.
  const work = async ([job = 0]: Uint8Array, by: string): Promise<Uint8Array> => {
    await network.clock.sleep(job === 0 ? 1e9 : 200);
    return new TextEncoder().encode(`${job} by ${by}`);
  };
  Object.assign(globalThis, { work });
  const stream = await peer.openStream('jobs', { kind: 'messages' });
  await stream.send(Uint8Array.of(7));
  await network.clock.sleep(100);
  const [answer] = await Promise.all([first(stream), service.close()]);
  assert.deepEqual([new TextDecoder().decode(answer), service.warnings], [`7 by ${client.id}`, []]);

  const other = await network.host('other').start();
  const stuck = registered(other);
  await (await (await network.host('caller').start()).connect(other.address))
    .openStream('jobs', { kind: 'messages' })
    .then((jobs) => jobs.send(Uint8Array.of(0)));
  await network.clock.sleep(100);
  await stuck.close();
  assert.deepEqual(stuck.warnings, ['1 streams cut, 0 bytes unacknowledged']);
  passed('7 register');
}

/** The service of program 7 in an application that has only these two members. */
function registered(node: MeshNode): { close(): Promise<void>; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const hooks: (() => Promise<void>)[] = [];
  register({ addHook: (_name, hook) => void hooks.push(hook), log: { warn: (message) => void warnings.push(message) } }, node);
  return { warnings, close: async () => void (await Promise.all(hooks.map((hook) => hook()))) };
}

async function first(messages: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for await (const message of messages) return message;
  throw new Error('the stream ended');
}

/** What `run` prints by one method of the console. */
async function linesOf(method: 'log' | 'warn', run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const original = console[method];
  console[method] = (...parts: unknown[]): void => void lines.push(parts.join(' '));
  try {
    await run();
  } finally {
    console[method] = original;
  }
  return lines;
}
