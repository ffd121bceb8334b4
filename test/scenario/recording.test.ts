import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Logger, OsierError } from '../../src/index.js';
import { collect, patternBytes, startConnected, startTwo } from './support/nodes.js';
import { openPacket, recordingWire } from './support/recording-wire.js';

/** A folder, gone when the test is. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'osier-recording-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function setEnvironment(name: 'QLOGDIR' | 'OSIER_KEYLOG', value: string): void {
  vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

const RECORD_SEPARATOR = String.fromCharCode(0x1e);

interface QlogRecord {
  readonly time: number;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A sequence of JSON texts as RFC 7464 has it, read strictly: a header, then records. */
function readQlog(path: string): { readonly header: Record<string, unknown>; readonly records: QlogRecord[] } {
  const [before, ...texts] = readFileSync(path, 'utf8').split(RECORD_SEPARATOR);
  expect(before).toBe('');
  for (const text of texts) expect(text.endsWith('}\n')).toBe(true);
  const [header, ...records] = texts.map((text) => JSON.parse(text) as unknown);
  return { header: header as Record<string, unknown>, records: records as QlogRecord[] };
}

describe('QLOGDIR', () => {
  test('gets a file for each association at each end, from its handshake to its end', async () => {
    const folder = join(temporaryFolder(), 'new', 'folder');
    setEnvironment('QLOGDIR', folder);
    const { server, client, peer } = await startConnected();
    server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    const stream = await peer.openStream('echo');
    await stream.write(patternBytes(1_000));
    void stream.end();
    await collect(stream);
    await client.close();
    await server.close();
    const isWhole = (path: string): boolean => readFileSync(path, 'utf8').includes('"kind":"disconnected"');
    await vi.waitFor(() => {
      const files = readdirSync(folder).map((name) => join(folder, name));
      expect(files.filter(isWhole)).toHaveLength(2);
    });
    const [ours] = readdirSync(folder).filter((name) => name.includes(`-${client.id.slice(0, 8)}-${server.id.slice(0, 8)}-`));
    const { header, records } = readQlog(join(folder, ours ?? ''));
    expect(header).toMatchObject({ qlog_format: 'JSON-SEQ', trace: { common_fields: { local: client.id, peer: server.id } } });
    const names = records.map(({ name }) => name);
    for (const name of ['osier:handshake', 'osier:state', 'osier:path', 'osier:stream_opened', 'osier:stream_ended', 'recovery:metrics_updated']) {
      expect(names).toContain(name);
    }
    const times = records.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(records.find(({ name }) => name === 'osier:stream_ended')?.data).toMatchObject({
      protocol: 'echo',
      bytesSent: 1_000,
      bytesReceived: 1_000,
    });
    expect(records.findLast(({ name }) => name === 'recovery:metrics_updated')?.data.packets_sent).toBeGreaterThan(0);
  });

  test('another association of the same peer is another file', async () => {
    const folder = temporaryFolder();
    setEnvironment('QLOGDIR', folder);
    const { server, client, peer } = await startConnected();
    await peer.close();
    await client.connect(server.address);
    const prefix = `-${client.id.slice(0, 8)}-${server.id.slice(0, 8)}-`;
    await vi.waitFor(() => expect(readdirSync(folder).filter((name) => name.includes(prefix))).toHaveLength(2));
  });

  test('that cannot be written to costs a line in the log and nothing else', async () => {
    const file = join(temporaryFolder(), 'a file');
    writeFileSync(file, '');
    setEnvironment('QLOGDIR', file);
    const warn = vi.fn();
    const logger: Logger = { debug: () => {}, info: () => {}, warn, error: () => {} };
    const { peer } = await startConnected({ client: { logger } });
    expect(await peer.ping()).toBeGreaterThan(0);
    expect(warn).toHaveBeenCalledWith(expect.anything(), expect.stringContaining('QLOGDIR'));
  });
});

describe('OSIER_KEYLOG', () => {
  test('gets the keys of each session, the same at both ends; only its owner may read it, and a warning says so', async () => {
    const path = join(temporaryFolder(), 'keys.txt');
    setEnvironment('OSIER_KEYLOG', path);
    const lines: unknown[] = [];
    const note = (fields: object, message: string): void => void lines.push(fields, message);
    const { server, client } = await startTwo({ client: { logger: { debug: note, info: note, warn: note, error: note } } });
    const warnings: OsierError[] = [];
    client.on('warning', (warning) => warnings.push(warning));
    await (await client.connect(server.address)).close();
    await client.connect(server.address);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const sessions = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
    for (const session of sessions) expect(session).toHaveLength(11);
    const of = (id: string): string[][] => sessions.filter(([, local]) => local === id);
    expect(of(client.id).length).toBeGreaterThanOrEqual(2);
    for (const [label, local, peer, role, cipher, ...directions] of of(client.id)) {
      expect([label, local, peer, role]).toEqual(['OSIER_SESSION', client.id, server.id, 'initiator']);
      const [sending, receiving] = [directions.slice(0, 3), directions.slice(3)];
      expect(of(server.id)).toContainEqual([label, peer, local, 'responder', cipher, ...receiving, ...sending]);
    }
    expect(warnings).toMatchObject([{ code: 'ERR_OSIER_KEYLOG', details: { path } }]);
    const log = JSON.stringify(lines);
    expect(log.split('OSIER_KEYLOG is set')).toHaveLength(2);
    for (const words of of(client.id)) for (const secret of [words[7], words[10]]) expect(log).not.toContain(secret);
  });

  test.each(['chacha20-poly1305', 'aes-256-gcm'] as const)('opens recorded packets as docs/observability.md says, with %s', async (cipher) => {
    const path = join(temporaryFolder(), 'keys.txt');
    setEnvironment('OSIER_KEYLOG', path);
    const { server, client } = await startTwo({ server: { cipher }, client: { cipher } });
    server.handle('echo', async (stream) => stream.readable.pipeTo(stream.writable));
    await using wire = await recordingWire(server.address);
    const peer = await client.connect(wire.address);
    const stream = await peer.openStream('echo');
    await stream.write(new TextEncoder().encode('a secret of the application'));
    void stream.end();
    await collect(stream);
    const line = readFileSync(path, 'utf8')
      .split('\n')
      .map((text) => text.split(' '))
      .find(([, local]) => local === client.id);
    const [, , , , , sendIndex = '', , sendSecret = '', receiveIndex = '', , receiveSecret = ''] = line ?? [];
    for (const [index, secret] of [
      [sendIndex, sendSecret],
      [receiveIndex, receiveSecret],
    ] as const) {
      const packets = wire.dataPackets.filter((packet) => packet.readUInt32LE(4) === Number.parseInt(index, 16));
      expect(packets.length).toBeGreaterThan(0);
      const opened = packets.map((packet) => openPacket(packet, cipher, Buffer.from(secret, 'hex')).toString('latin1'));
      expect(opened.some((payload) => payload.includes('a secret of the application'))).toBe(true);
    }
  });

  test.each<[string, (path: string) => void]>([
    ['that others may read', (path) => writeFileSync(path, 'old\n', { mode: 0o644 })],
    [
      'behind a link',
      (path) => {
        writeFileSync(`${path}.real`, 'old\n', { mode: 0o600 });
        symlinkSync(`${path}.real`, path);
      },
    ],
    ['that is a pipe', (path) => execFileSync('mkfifo', ['-m', '600', path])],
  ])('is not written to a file %s, and the connection stands', async (_name, prepare) => {
    const path = join(temporaryFolder(), 'keys.txt');
    prepare(path);
    setEnvironment('OSIER_KEYLOG', path);
    const { server, client } = await startTwo();
    const warnings: OsierError[] = [];
    client.on('warning', (warning) => warnings.push(warning));
    const peer = await client.connect(server.address);
    expect(await peer.ping()).toBeGreaterThan(0);
    expect(warnings).toMatchObject([{ code: 'ERR_OSIER_KEYLOG', cause: expect.anything() }]);
    if (statSync(path).isFile()) expect(readFileSync(path, 'utf8')).toBe('old\n');
  });
});
