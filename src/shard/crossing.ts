/** Numbers that both sides of a stream between two threads must agree on. */

/** What a message takes of the window beside its bytes, so that empty ones are bounded too. */
export const MESSAGE_OVERHEAD_BYTES = 64;

/** Numbers per message in a {@link MessageBatch}: length, options, deadline, token. */
export const HEAD_NUMBERS = 4;

/** Messages on their way to the engine, back to back. */
export interface MessageBatch {
  readonly bytes: Uint8Array;
  /** Per message: its length, the options of `Engine.sendMessage`, when it expires by {@link sharedMicros} (0: never), its token. */
  readonly heads: Float64Array;
}

/** Microseconds of a clock that all threads of the process share. */
export function sharedMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Memory of its own, of exactly `byteCount` bytes, that is about to be overwritten: it can be given to another thread. */
export function givable(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}

/** `parts` in one array that can be given to another thread. */
export function gathered(parts: readonly Uint8Array[], byteCount: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const all = givable(byteCount);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
