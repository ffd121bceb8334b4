import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMetadata, encodeMetadata, METADATA_BYTES_MAX } from '../../../src/stream/metadata.js';

const seed = Number(process.env.OSIER_SEED ?? Date.now() % 2 ** 31);
const settings = { seed, numRuns: 500 };

test('metadata that fits comes back as it was', () => {
  const entries = fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string({ unit: 'grapheme', maxLength: 12 }), { maxKeys: 6 });
  fc.assert(
    fc.property(entries, (metadata) => {
      const encoded = encodeMetadata(metadata);
      expect(encoded.length).toBeLessThanOrEqual(METADATA_BYTES_MAX);
      expect(Object.entries(decodeMetadata(encoded) ?? {})).toEqual(Object.entries(metadata));
    }),
    settings,
  );
});

test('any bytes are metadata that encodes back, or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const metadata = decodeMetadata(bytes);
      if (metadata === null) return;
      expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata);
    }),
    settings,
  );
});

test('a peer cannot reach a prototype through a key', () => {
  const hostile = encodeMetadata(JSON.parse('{"__proto__":"x","constructor":"y"}'));
  const metadata = decodeMetadata(hostile);
  expect(Object.getPrototypeOf(metadata)).toBeNull();
  expect(Object.keys(metadata ?? {})).toEqual(['__proto__', 'constructor']);
});

test.each([[{ key: 'v'.repeat(1_021) }], [{ key: 7 as unknown as string }], ['text' as never], [null as never]])(
  '%o is refused with its name',
  (metadata) => {
    expect(() => encodeMetadata(metadata)).toThrow(expect.objectContaining({ code: 'ERR_OSIER_INVALID_OPTION', details: { option: 'metadata' } }));
  },
);
