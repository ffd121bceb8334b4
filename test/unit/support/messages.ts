/** What tests of messages share. */
import { Flusher } from '../../../src/engine/flusher.js';
import { EngineStreamPort } from '../../../src/stream/index.js';
import type { MessageSending } from '../../../src/stream/message-send-side.js';
import type { FakeEngine } from './fake-engine.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (message: Uint8Array | null | undefined): string => (message == null ? 'end' : new TextDecoder().decode(message));

/** Never flushes. */
export const noFlusher = (): Flusher =>
  new Flusher(
    () => {},
    () => true,
    () => {},
  );

/** A stream's port to an engine. */
export function portTo(engine: FakeEngine): EngineStreamPort {
  return new EngineStreamPort(engine, noFlusher(), 1, 1);
}

/** A clock that the test moves. */
export class TestClock {
  ms = 1_000;

  nowMs(): number {
    return this.ms;
  }
}

/** Reliable, in order, up to 1,000 bytes. */
export function sendingOf(clock: TestClock, changes: Partial<MessageSending> = {}): MessageSending {
  return { ordered: true, lifetimeMs: null, isOneShot: false, maxBytes: 1_000, clock, ...changes };
}

/** Whether a promise has settled, and how. */
export async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  promise.then(
    () => {
      state = 'resolved';
    },
    () => {
      state = 'rejected';
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  return state;
}
