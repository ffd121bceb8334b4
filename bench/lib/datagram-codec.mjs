// What a program over node:dgram does to each datagram: nothing, or AES-256-GCM by node:crypto under one key, a counter in front as the nonce.
import { createCipheriv, createDecipheriv } from 'node:crypto';

const KEY = Buffer.alloc(32, 'bench');
const [COUNTER_BYTES, NONCE_BYTES, TAG_BYTES] = [8, 12, 16];

/** @typedef {{ wrap: (message: Uint8Array) => Uint8Array, unwrap: (datagram: Buffer) => Buffer }} DatagramCodec `unwrap` throws for what is not authentic. */

/** @param {boolean} isSealed @returns {DatagramCodec} */
export function datagramCodec(isSealed) {
  if (!isSealed) return { wrap: (message) => message, unwrap: (datagram) => datagram };
  let counter = 0n;
  return {
    wrap(message) {
      const nonce = Buffer.alloc(NONCE_BYTES);
      nonce.writeBigUInt64LE(counter++);
      const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
      return Buffer.concat([nonce.subarray(0, COUNTER_BYTES), cipher.update(message), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap(datagram) {
      const nonce = Buffer.alloc(NONCE_BYTES);
      datagram.copy(nonce, 0, 0, COUNTER_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', KEY, nonce);
      decipher.setAuthTag(datagram.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(datagram.subarray(COUNTER_BYTES, -TAG_BYTES)), decipher.final()]);
    },
  };
}
