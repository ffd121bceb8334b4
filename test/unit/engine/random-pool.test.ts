import { expect, test, vi } from 'vitest';

/** What the system's random bytes were drawn into. */
const drawnInto = vi.hoisted((): Uint8Array[] => []);

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof import('node:crypto')>();
  const randomFillSync = (into: Uint8Array): Uint8Array => {
    drawnInto.push(into);
    return crypto.randomFillSync(into);
  };
  return { ...crypto, randomFillSync };
});

const { randomBytes } = await import('../../../src/engine/random-pool.js');

test('random bytes are new at each draw, of any length, and nowhere else once they are given out', () => {
  const seen = new Set<string>();
  for (const byteCount of [...Array.from({ length: 600 }, () => 16), 4_096, 10_000, 0]) {
    const bytes = randomBytes(byteCount);
    expect(bytes).toHaveLength(byteCount);
    const copies = drawnInto.filter((pool) => pool.buffer !== bytes.buffer && byteCount > 0 && Buffer.from(pool).includes(Buffer.from(bytes)));
    expect(copies).toEqual([]);
    if (byteCount > 0) seen.add(Buffer.from(bytes).toString('hex'));
  }
  expect(seen.size).toBe(602);
});
