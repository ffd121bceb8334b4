import type { Runtime, Threads } from '../../engine/runtime.js';
import { isSigned, type SignatureMemory, signedKey } from '../../identity/index.js';
import { THREAD_BATCH, VERIFIED_HERE_MAX, VERIFYING_THREADS_PAUSE_MS } from './limits.js';
import type { run, SignedItem } from './signature-worker.js';

/** What {@link SignatureChecks} needs of its node. */
export interface SignatureChecksOwner {
  readonly runtime: Pick<Runtime, 'clock' | 'createThreads' | 'atEndOfTick'>;
  readonly verified: SignatureMemory;
  /** A thread failed, for `cause`: the node verifies by itself for a while. */
  onThreadsFailed(cause: unknown): void;
  /** What a signature led to threw: a fault of this library. */
  onFault(cause: unknown): void;
}

interface Check {
  readonly item: SignedItem;
  readonly key: string;
  readonly settle: (isGood: boolean) => void;
}

interface Batch {
  readonly checks: readonly Check[];
  /** `null` while a thread is at it. */
  results: readonly boolean[] | null;
}

/**
 * Verifies signatures, those of one tick together: a few on this thread, more of them on threads where there are any. What is known to be good costs nothing, and
 * what several send at once is verified once. What they lead to happens on this thread, in the order that they came in.
 */
export class SignatureChecks {
  readonly #owner: SignatureChecksOwner;
  #gathered: Check[] = [];
  /** In the order that they came in. */
  readonly #batches: Batch[] = [];
  /** `null`: there cannot be any. */
  #threads: Threads | null | undefined;
  #threadsFromMs = Number.NEGATIVE_INFINITY;
  /** Resolves when threads that failed have ended. */
  #ended: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(owner: SignatureChecksOwner) {
    this.#owner = owner;
  }

  /** Calls `settle` once, after this tick; not after {@link SignatureChecks.close}. The bytes of `item` must not change. */
  check(item: SignedItem, settle: (isGood: boolean) => void): void {
    if (this.#isClosed) return;
    if (this.#gathered.length === 0) this.#owner.runtime.atEndOfTick(() => this.#flush());
    this.#gathered.push({ item, key: signedKey(item.label, item.publicKey, item.signed), settle });
  }

  /** Resolves when no thread is left. What waits is dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#gathered = [];
    this.#batches.length = 0;
    await Promise.all([this.#ended, this.#threads?.close()]);
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    if (gathered.length === 0) return;
    const unknown = new Map<string, SignedItem>();
    for (const { key, item } of gathered) if (!this.#owner.verified.has(key)) unknown.set(key, item);
    const threads = unknown.size > VERIFIED_HERE_MAX ? this.#start() : null;
    if (threads === null) this.#batches.push({ checks: gathered, results: this.#verifyHere(gathered) });
    else for (let at = 0; at < gathered.length; at += THREAD_BATCH) this.#hand(gathered.slice(at, at + THREAD_BATCH), threads);
    this.#settleReady();
  }

  #verifyHere(checks: readonly Check[]): boolean[] {
    const { verified } = this.#owner;
    return checks.map(({ item }) => isSigned(item.label, item.signed, item.publicKey, verified));
  }

  #start(): Threads | null {
    const { runtime } = this.#owner;
    if (runtime.clock.nowMs() < this.#threadsFromMs) return null;
    if (this.#threads === undefined) this.#threads = runtime.createThreads?.(new URL('./signature-worker.js', import.meta.url), null) ?? null;
    return this.#threads;
  }

  #hand(checks: readonly Check[], threads: Threads): void {
    const batch: Batch = { checks, results: null };
    this.#batches.push(batch);
    const unknown = new Map(checks.filter(({ key }) => !this.#owner.verified.has(key)).map(({ key, item }) => [key, item]));
    threads
      .run([...unknown.values()] satisfies Parameters<typeof run>[0], [])
      .then(
        (answer) => this.#resultsOf(checks, [...unknown.keys()], answer as ReturnType<typeof run>),
        (cause: unknown) => {
          this.#onLost(cause, threads);
          return this.#isClosed ? [] : this.#verifyHere(checks);
        },
      )
      .then((results) => {
        batch.results = results;
        this.#settleReady();
      })
      .catch((cause: unknown) => this.#owner.onFault(cause));
  }

  /** `answer`: of those whose keys are `asked`; the others were known to be good when they were handed over. */
  #resultsOf(checks: readonly Check[], asked: readonly string[], answer: Uint8Array): boolean[] {
    const bad = new Set(asked.filter((_, index) => answer[index] !== 1));
    for (const key of asked) if (!bad.has(key)) this.#owner.verified.add(key);
    return checks.map(({ key }) => !bad.has(key));
  }

  #onLost(cause: unknown, threads: Threads): void {
    if (this.#threads !== threads || this.#isClosed) return;
    this.#threads = undefined;
    this.#threadsFromMs = this.#owner.runtime.clock.nowMs() + VERIFYING_THREADS_PAUSE_MS;
    this.#ended = threads.close().catch(() => {});
    this.#owner.onThreadsFailed(cause);
  }

  #settleReady(): void {
    for (let next = this.#batches[0]; next !== undefined && next.results !== null; next = this.#batches[0]) {
      this.#batches.shift();
      const { checks, results } = next;
      for (const [index, { settle }] of checks.entries()) this.#settle(settle, results[index] === true);
    }
  }

  #settle(settle: Check['settle'], isGood: boolean): void {
    if (this.#isClosed) return;
    try {
      settle(isGood);
    } catch (cause) {
      this.#owner.onFault(cause);
    }
  }
}
