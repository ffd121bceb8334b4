import { expect, test } from 'vitest';
import { datagramCodec } from '../../../bench/lib/datagram-codec.mjs';

test('a sealed datagram opens to what was sealed, and an altered one does not open', () => {
  const { wrap, unwrap } = datagramCodec(true);
  const [first, second] = [Buffer.from(wrap(Buffer.from('message'))), Buffer.from(wrap(Buffer.from('message')))];
  expect(first.equals(second)).toBe(false);
  expect(unwrap(second).toString()).toBe('message');
  for (const at of [0, 10, first.length - 1]) {
    const altered = Buffer.from(first);
    altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
    expect(() => unwrap(altered)).toThrow();
  }
});
