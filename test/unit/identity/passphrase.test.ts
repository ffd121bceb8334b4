import { describe, expect, it } from 'vitest';
import { stretchPassphrase } from '../../../src/identity/index.js';

describe('a passphrase', () => {
  it('makes the same 32 bytes everywhere, however its accents were typed, and other bytes than its neighbour', async () => {
    const secrets = [];
    for (const passphrase of ['caf\u00e9 noir', 'cafe\u0301 noir', 'cafe noir'])
      secrets.push(Buffer.from(await stretchPassphrase(passphrase)).toString('hex'));
    expect(secrets[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(secrets[1]).toBe(secrets[0]);
    expect(secrets[2]).not.toBe(secrets[0]);
  }, 60_000);
});
