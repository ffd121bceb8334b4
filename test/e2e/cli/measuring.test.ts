import { expect, test } from 'vitest';
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../../dist/index.js';
import { formatNetworkSecret } from '../../../src/identity/index.js';
import { errorOf, OsierCommand, osier, temporaryFolder } from './osier-command.js';

/** A listener, and the address and secret that reach it. */
async function listener() {
  const folder = temporaryFolder();
  const command = new OsierCommand(['listen', '--json', '--bind', 'udp://127.0.0.1:0', '--dir', folder.path]);
  const { address = '', secret = '' } = (await command.nextEvent()) as { address?: string; secret?: string };
  const dispose = async () => {
    await command[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  return { command, address, secret, [Symbol.asyncDispose]: dispose };
}

test('perf counts what the other end confirmed, on several streams, with round trips before and under load', async () => {
  await using to = await listener();
  const { exitCode, stdout, stderr } = await osier(['perf', '--json', '--seconds', '1', '--streams', '3', to.address], to.secret);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ event: 'perf', streams: 3 });
  expect(result.byteCount).toBeGreaterThan(0);
  expect(result.durationMs).toBeGreaterThanOrEqual(1_000);
  expect(result.bitsPerSecond).toBeCloseTo((result.byteCount * 8_000) / result.durationMs);
  for (const { minMs, medianMs, maxMs } of [result.idle, result.loaded]) {
    expect(minMs).toBeGreaterThan(0);
    expect(medianMs).toBeGreaterThanOrEqual(minMs);
    expect(maxMs).toBeGreaterThanOrEqual(medianMs);
  }
  const person = await osier(['perf', '--seconds', '1', to.address], to.secret);
  expect(person.stdout).toMatch(/^throughput +\S+ [MG]bit\/s: /);
});

test('perf to a node that serves no measurements is refused, exit code 5; to nobody it ends with 4', async () => {
  const secret = generateNetworkSecret();
  await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
  const text = formatNetworkSecret(secret);
  const refused = await osier(['perf', '--json', '--seconds', '1', node.address], text);
  expect(errorOf(refused)).toMatchObject({ code: 'ERR_OSIER_NO_HANDLER', exitCode: 5 });
  const nobody = node.address.replace(/:\d+$/, ':9');
  const unanswered = await osier(['perf', '--json', '--seconds', '1', '--timeout-ms', '300', nobody], text);
  expect(errorOf(unanswered)).toMatchObject({ code: 'ERR_OSIER_TIMEOUT', exitCode: 4 });
});

test('perf to a listener that goes away in mid-measurement ends with 6', async () => {
  await using to = await listener();
  await using measuring = new OsierCommand(['perf', '--json', '--seconds', '60', to.address], to.secret);
  await using watching = new OsierCommand(['stat', '--json', '--interval-ms', '50', to.address], to.secret);
  for (let line = 0; line < 5; line++) await watching.nextEvent();
  to.command.child.kill('SIGTERM');
  const [perf, stat] = await Promise.all([measuring.finished, watching.finished]);
  expect(errorOf(perf).exitCode).toBe(6);
  expect(errorOf(stat)).toMatchObject({ code: 'ERR_CLI_CONNECTION_LOST', exitCode: 6 });
});

test('a listener resets a measurement at the first byte that is not of the pattern', async () => {
  await using to = await listener();
  await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret: to.secret }, listen: 'udp://127.0.0.1:0' });
  const stream = await (await node.connect(to.address)).openStream('osier/perf/1');
  await stream.write(new Uint8Array(1_000));
  expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_STREAM_RESET' } });
});

test('stat prints path, round trip, MTU, cipher and counters, as often as asked', async () => {
  await using to = await listener();
  const { exitCode, stdout } = await osier(['stat', '--json', '--count', '3', '--interval-ms', '1', to.address], to.secret);
  expect(exitCode).toBe(0);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  for (const line of lines) {
    expect(line).toMatchObject({ event: 'stat', answered: true, path: { kind: 'direct', remote: { host: '127.0.0.1' } } });
    expect(line.state).toMatchObject({ status: 'connected', cipher: expect.stringMatching(/^(aes|chacha)/) });
    expect(line.stats.rttMicros).toBeGreaterThan(0);
    expect(line.stats.mtuBytes).toBeGreaterThanOrEqual(1_200);
  }
  expect(lines[2].stats.packetsSent).toBeGreaterThan(lines[0].stats.packetsSent);
  const person = await osier(['stat', '--count', '1', to.address], to.secret);
  expect(person.stdout).toMatch(/^127\.0\.0\.1:\d+ {2}rtt .+ {2}mtu \d+ {2}(aes|chacha)/);
});

test('Ctrl-C ends stat with 0 when it has no count, and with 130 when it has one', async () => {
  await using to = await listener();
  const endless = new OsierCommand(['stat', '--json', '--interval-ms', '20', to.address], to.secret);
  const counted = new OsierCommand(['stat', '--json', '--interval-ms', '20', '--count', '1000000', to.address], to.secret);
  for (const [command, exitCode] of [
    [endless, 0],
    [counted, 130],
  ] as const) {
    await command.nextEvent();
    command.child.kill('SIGINT');
    expect((await command.finished).exitCode).toBe(exitCode);
  }
});
