import { describe, expect, it } from 'vitest';
import { stretchPassphrase } from '../../../src/identity/index.js';

describe('a passphrase', () => {
  it('makes the same 32 bytes everywhere, however its accents were typed, and other bytes than its neighbour', async () => {
    const secrets = [];
    for (const passphrase of ['caf\u00e9 noir', 'cafe\u0301 noir', 'cafe noir'])
      secrets.push(Buffer.from(await stretchPassphrase(passphrase)).toString('hex'));
    // By the reference implementation of Argon2 (version 1.3): 3 passes, 256 MiB, one lane, the salt of docs/handshake.md.
    expect(secrets[0]).toBe('e67ad41f1952d3d7f8067b08ab6209c5c5a8afbaecd03e43fa58595aff9a06ba');
    expect(secrets[1]).toBe(secrets[0]);
    expect(secrets[2]).not.toBe(secrets[0]);
  }, 60_000);
});
