import type { Runtime, Threads } from '../engine/runtime.js';
import type { ExchangeKeys } from '../identity/index.js';
import { wipe } from '../identity/sodium.js';
import { HandshakeFault } from './fault.js';
import { type FirstMessage, type OpenedMessage, openHere, openSolved } from './first-message.js';
import { TokenBucket } from './token-bucket.js';
import {
  FIRST_MESSAGES_WAITING_MAX,
  LONE_AFTER_MS,
  LONE_OVERDRAFT_MS,
  READING_ALONE_BURST_MS,
  READING_ALONE_MS_PER_SECOND,
  READING_HERE_BURST_MS,
  READING_HERE_MS_PER_SECOND,
  THREAD_FAILURES_MAX,
  THREADS_PAUSE_MS,
} from './tuning.js';

/** What each thread is given: the one copy of the private key, in memory that all share, so that its owner can overwrite it. */
export interface SharedKeys {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

type Opened = OpenedMessage | HandshakeFault;
type Settle = (opened: Opened) => void;

interface Waiting {
  readonly settle: Settle;
  opened: Opened | null;
}

/** What {@link FirstMessages} needs of its node. */
export interface FirstMessagesOwner {
  readonly runtime: Pick<Runtime, 'clock' | 'createThreads' | 'hasOneCore'>;
  /** There are no threads for a while: one after another failed, the last for `cause`. */
  onThreadsFailed(cause: unknown): void;
  /** What a message 1 led to threw: a fault of this library. */
  onFault(cause: unknown): void;
}

/**
 * Reads message 1s: a few now and then on this thread, at once, and those of a burst, where there are threads, on these. What they lead to happens on this
 * thread, in the order that they came in; much may have happened since.
 *
 * ```text
 *   open() --time is left, none waits--> read here -----------> settle
 *      |--otherwise--> a thread --> those before it are settled --> settle
 *      +--too many wait-------------------------------------------> fault
 * ```
 */
export class FirstMessages {
  readonly #keys: ExchangeKeys;
  readonly #owner: FirstMessagesOwner;
  /** Milliseconds that may be spent on this thread. */
  readonly #here: TokenBucket;
  /** When the last one was read on this thread. */
  #readHereAtMs = Number.NEGATIVE_INFINITY;
  /** In the order that they came in. */
  readonly #waiting: Waiting[] = [];
  /** `null`: there cannot be any. */
  #threads: Threads | null | undefined;
  #shared: SharedKeys | null = null;
  /** Resolves when the threads before these have ended. */
  #ended: Promise<void> = Promise.resolve();
  /** Ends of threads since the last message that one read. */
  #failures = 0;
  #lastFailure: unknown;
  #threadsFromMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(keys: ExchangeKeys, owner: FirstMessagesOwner) {
    this.#keys = keys;
    this.#owner = owner;
    const nowMs = owner.runtime.clock.nowMs();
    this.#here =
      owner.runtime.hasOneCore === true
        ? new TokenBucket(READING_ALONE_BURST_MS, READING_ALONE_MS_PER_SECOND, nowMs)
        : new TokenBucket(READING_HERE_BURST_MS, READING_HERE_MS_PER_SECOND, nowMs);
  }

  /** Calls `settle` once, perhaps at once; not after {@link FirstMessages.close}. Takes `first` over. */
  open(first: FirstMessage, settle: Settle): void {
    if (this.#isClosed) return;
    const threads = this.#isForThreads() ? this.#start() : null;
    if (threads === null) settle(this.#openHere(first));
    else if (this.#waiting.length >= FIRST_MESSAGES_WAITING_MAX) settle(new HandshakeFault('unread', 'Too many messages wait to be read'));
    else this.#hand(first, settle, threads);
  }

  /** Resolves when no thread is left, and the keys that they shared are overwritten. What waits is dropped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { opened } of this.#waiting.splice(0)) discard(opened);
    await Promise.all([this.#ended, this.#end()]);
  }

  #isForThreads(): boolean {
    const { createThreads, clock } = this.#owner.runtime;
    const nowMs = clock.nowMs();
    if (this.#threads === null || createThreads === undefined || nowMs < this.#threadsFromMs) return false;
    const isLone = nowMs - this.#readHereAtMs >= LONE_AFTER_MS;
    return this.#waiting.length > 0 || !this.#here.hasAny(nowMs, isLone ? LONE_OVERDRAFT_MS : 0);
  }

  #openHere(first: FirstMessage): Opened {
    const { clock } = this.#owner.runtime;
    const beganMs = clock.nowMs();
    const opened = openHere(first, this.#keys);
    this.#readHereAtMs = clock.nowMs();
    this.#here.spend(this.#readHereAtMs - beganMs);
    return opened;
  }

  /** The threads, which begin with the first message that needs them; `null` where there are none. */
  #start(): Threads | null {
    if (this.#threads !== undefined) return this.#threads;
    const secretKey = new Uint8Array(new SharedArrayBuffer(this.#keys.secretKey.length));
    secretKey.set(this.#keys.secretKey);
    const shared: SharedKeys = { secretKey, publicKey: Uint8Array.from(this.#keys.publicKey) };
    this.#threads = this.#owner.runtime.createThreads?.(new URL('../handshake/first-message-worker.js', import.meta.url), shared) ?? null;
    if (this.#threads === null) wipe(secretKey);
    else this.#shared = shared;
    return this.#threads;
  }

  #hand(first: FirstMessage, settle: Settle, threads: Threads): void {
    const waiting: Waiting = { settle, opened: null };
    this.#waiting.push(waiting);
    const { pattern, psk } = first;
    const { task, moved } = ownedBy(first);
    wipe(first.ephemeralSecret);
    threads
      .run(task, moved)
      .then(
        (solved) => {
          this.#failures = 0;
          return openSolved({ pattern, psk }, this.#keys, solved as Uint8Array | null);
        },
        (cause: unknown) => this.#onLost(cause, threads),
      )
      .then((opened) => {
        waiting.opened = opened;
        if (this.#isClosed) discard(opened);
        this.#settleReady();
      })
      .catch((cause: unknown) => this.#owner.onFault(cause));
  }

  #settleReady(): void {
    for (let next = this.#waiting[0]; next !== undefined && next.opened !== null; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.settle(next.opened);
    }
  }

  /** A thread ended with a message; its sender tries again. */
  #onLost(cause: unknown, threads: Threads): HandshakeFault {
    if (this.#threads === threads && !this.#isClosed) this.#onEnded(cause);
    return new HandshakeFault('unread', 'The thread that was to read the message has ended', { cause });
  }

  #onEnded(cause: unknown): void {
    // What one end costs counts as one, however much that is.
    if (this.#failures > 0 && cause === this.#lastFailure) return;
    this.#lastFailure = cause;
    this.#failures++;
    if (this.#failures < THREAD_FAILURES_MAX) return;
    this.#failures = 0;
    this.#threadsFromMs = this.#owner.runtime.clock.nowMs() + THREADS_PAUSE_MS;
    this.#ended = this.#end().catch(() => {});
    this.#owner.onThreadsFailed(cause);
  }

  async #end(): Promise<void> {
    const [threads, shared] = [this.#threads, this.#shared];
    if (threads !== null) this.#threads = undefined;
    this.#shared = null;
    await threads?.close();
    if (shared !== null) wipe(shared.secretKey);
  }
}

/** The message in memory of its own, all of which moves to another thread: what is cloned is neither wiped nor without its neighbours. */
function ownedBy({ pattern, prologue, psk, ephemeralSecret, message }: FirstMessage): { readonly task: FirstMessage; readonly moved: ArrayBuffer[] } {
  const moved: ArrayBuffer[] = [];
  const own = (bytes: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    moved.push(copy.buffer);
    return copy;
  };
  const task = { pattern, prologue: own(prologue), psk: psk && own(psk), ephemeralSecret: own(ephemeralSecret), message: own(message) };
  return { task, moved };
}

function discard(opened: Opened | null): void {
  if (opened !== null && !(opened instanceof HandshakeFault)) opened.noise.wipe();
}
