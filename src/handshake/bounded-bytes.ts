/** Parts of a payload whose size or value is bounded, as bytes. Who exceeds a bound here has a fault of its own, so it is no HandshakeFault. */
import { uint64s } from './integers.js';
import { VARINT_MAX } from './protocol.js';

/** A byte for each number, `most` at the most. */
export function listBytes(numbers: readonly number[], most: number): Uint8Array {
  if (numbers.length > most) throw new RangeError(`a list of ${numbers.length} where ${most} are allowed`);
  return Uint8Array.from(numbers);
}

/** Packet numbers, or credit. */
export function varintBytes(...values: readonly bigint[]): Uint8Array {
  for (const value of values) if (value < 0n || value > VARINT_MAX) throw new RangeError(`${value} is not a number from 0 to 2^62 - 1`);
  return uint64s(...values);
}
