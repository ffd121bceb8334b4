import type { ShardLink } from '../../../src/shard/shard-link.js';

/** A call of the main thread, which the test answers. */
export interface FakeCall {
  readonly name: string;
  readonly args: { readonly timeoutMs?: number; readonly target?: string; readonly order?: readonly number[] };
  answer(value: unknown): void;
}

/** A shard that answers when the test says so. */
export class FakeShard {
  readonly index: number;
  readonly calls: FakeCall[] = [];
  readonly isRunning = true;
  /** What is sent without waiting for an answer. */
  readonly sent: unknown[] = [];
  readonly outbox = { push: (message: unknown): void => void this.sent.push(message) };

  constructor(index: number) {
    this.index = index;
  }

  get link(): ShardLink {
    return this as unknown as ShardLink;
  }

  call(
    name: string,
    args: FakeCall['args'],
    signal?: AbortSignal,
    take: (value: unknown) => unknown = (value) => value,
    undo: (value: unknown) => void = () => {},
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      this.calls.push({ name, args, answer: (value) => (signal?.aborted ? undo(value) : resolve(take(value))) });
    });
  }
}
