import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { KeyLog, type SessionKeys } from '../../../src/observe/key-log.js';

const session: SessionKeys = {
  role: 'initiator',
  peer: 'b'.repeat(52) as NodeId,
  localIndex: 0x1a,
  remoteIndex: 0xffff_ffff,
  cipher: 'chacha20-poly1305',
  sendKeys: { data: new Uint8Array(32).fill(1) },
  receiveKeys: { data: new Uint8Array(32).fill(2) },
  firstSend: 7n,
  firstReceive: 9n,
};

test('the packets of a session that continues an association count from what the handshake told, those of another from 0', () => {
  const folder = mkdtempSync(join(tmpdir(), 'osier-key-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const warnings: string[] = [];
  const log = new KeyLog(join(folder, 'keys'), 'a'.repeat(52) as NodeId, ({ code }) => warnings.push(code));
  log.write(session, false);
  log.write(session, true);
  log.close();
  log.write(session, true);
  const [ids, sendKey, receiveKey] = [`${'a'.repeat(52)} ${'b'.repeat(52)}`, '01'.repeat(32), '02'.repeat(32)];
  expect(readFileSync(join(folder, 'keys'), 'utf8').split('\n')).toEqual([
    `OSIER_SESSION ${ids} initiator chacha20-poly1305 ffffffff 0 ${sendKey} 0000001a 0 ${receiveKey}`,
    `OSIER_SESSION ${ids} initiator chacha20-poly1305 ffffffff 7 ${sendKey} 0000001a 9 ${receiveKey}`,
    '',
  ]);
  expect(warnings).toEqual(['ERR_OSIER_KEYLOG']);
});
