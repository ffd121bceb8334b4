/** Calls that wait for the same thing, in the order in which they came. */
export class Waiters<T> {
  readonly #waiting = new Set<Waiter<T>>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Waits for {@link Waiters.resolveAll} or {@link Waiters.rejectAll}. An abort rejects with the signal's reason and forgets the call. */
  wait(signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const waiter = new Waiter(resolve, reject, signal, () => this.#waiting.delete(waiter));
      this.#waiting.add(waiter);
    });
  }

  resolveAll(value: T): void {
    for (const waiter of this.#take()) waiter.resolve(value);
  }

  rejectAll(error: unknown): void {
    for (const waiter of this.#take()) waiter.reject(error);
  }

  #take(): Waiter<T>[] {
    const taken = [...this.#waiting];
    this.#waiting.clear();
    return taken;
  }
}

/** One call that waits, bound to an optional signal; its listener goes with it. */
export class Waiter<T> {
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  /** `forget` is called when the signal aborts, before the rejection. */
  constructor(resolve: (value: T) => void, reject: (error: unknown) => void, signal: AbortSignal | undefined, forget: () => void) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.#onAbort = () => {
      forget();
      this.reject(signal?.reason);
    };
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  resolve(value: T): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve(value);
  }

  reject(error: unknown): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#reject(error);
  }
}

/** A promise of a thing that may also be abandoned: rejects with `signal.reason` when that aborts first. The thing itself goes on. */
export function abandonable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const waiter = new Waiter<T>(resolve, reject, signal, () => {});
    promise.then(
      (value) => waiter.resolve(value),
      (error: unknown) => waiter.reject(error),
    );
  });
}
