import { Worker } from 'node:worker_threads';
import type { CloseReport } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { invalidOption, type OsierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import { nodeClosed } from '../peer/index.js';
import type { ShardBoot, StartedShard } from './boot.js';
import { decodeError, pack, unpack } from './error-codec.js';
import { Outbox } from './outbox.js';
import type { CallName, FromShard, ShardCalls, StreamNews, ToShard } from './protocol.js';
import type { RemotePort } from './remote-port.js';
import { STUCK_AFTER_MS, shardDied, shardNotStarted } from './shard-errors.js';
import { openIn } from './shard-totals.js';

/** A closed shard's thread may take this long to end by itself. */
const EXIT_PATIENCE_MS = 250;

/** What a shard tells that is of no single stream or call. */
export type ShardNews = Exclude<FromShard, StreamNews | { readonly op: 'bound' | 'started' | 'notStarted' | 'failed' | 'reply' | 'refusal' }>;

/** Who has shards. */
export interface ShardOwner {
  onNews(shard: ShardLink, news: ShardNews): void;
  /** Its sockets are bound. */
  onBound(shard: ShardLink): void;
  /** It ended without being asked to, after it had started. */
  onDeath(shard: ShardLink, error: OsierError): void;
}

/** A call that was not answered yet. */
interface OpenCall {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** One shard, seen from the main thread: its thread, and what goes to and fro. */
export class ShardLink {
  readonly index: number;
  /** What the shard counts, in memory that it shares; see `NodeCounters.read`. */
  readonly counters: BigUint64Array;
  readonly outbox: Outbox<ToShard>;
  /** Streams whose ends are on this thread. */
  readonly streams = new Map<number, RemotePort>();
  readonly #owner: ShardOwner;
  readonly #runtime: Runtime;
  readonly #worker: Worker;
  readonly #calls = new Map<number, OpenCall>();
  readonly #started: Promise<StartedShard>;
  readonly #exited: Promise<void>;
  #onStarted: (outcome: { readonly facts: StartedShard } | { readonly error: OsierError }) => void = () => {};
  readonly #bound: Promise<void>;
  #onBound: () => void = () => {};
  #lastCall = 0;
  #cause: unknown = null;
  /** What had not ended in it when its thread did. */
  #unfinished: CloseReport = { status: 'drained' };
  #state: 'starting' | 'running' | 'stopping' | 'dead' = 'starting';

  /** Throws INVALID_OPTION when the options cannot go to another thread. */
  constructor(boot: ShardBoot, runtime: Runtime, owner: ShardOwner) {
    this.index = boot.index;
    this.counters = new BigUint64Array(boot.counters);
    this.#owner = owner;
    this.#runtime = runtime;
    this.#bound = new Promise((resolve) => {
      this.#onBound = resolve;
    });
    this.#started = new Promise((resolve, reject) => {
      this.#onStarted = (outcome) => ('facts' in outcome ? resolve(outcome.facts) : reject(outcome.error));
    });
    this.#started.catch(() => {});
    this.#worker = workerFor(boot);
    this.outbox = new Outbox<ToShard>({ postMessage: (message, transfer) => this.#worker.postMessage(message, transfer) }, runtime.atEndOfTick);
    this.#worker.on('message', (entries: readonly FromShard[]) => this.#hear(entries));
    this.#worker.on('error', (cause) => {
      this.#cause ??= cause;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#onExit();
        resolve();
      });
    });
  }

  /** Resolves when the shard's sockets are bound, or never will be. */
  get bound(): Promise<void> {
    return this.#bound;
  }

  /** Resolves when the shard's node runs. Errors: those of `NodeCore.start`; SHARD_FAILED. */
  get started(): Promise<StartedShard> {
    return this.#started;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /**
   * Asks the shard for something. Rejects with the signal's reason when that aborts first; an answer that comes nevertheless is given to `undo`.
   * `take` runs before anything that the shard told after its answer is heard.
   */
  call<N extends CallName, T = ShardCalls[N]['value']>(
    name: N,
    args: ShardCalls[N]['args'],
    signal?: AbortSignal,
    take: (value: ShardCalls[N]['value']) => T = (value) => value as T,
    undo: (value: ShardCalls[N]['value']) => void = () => {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      if (this.#state === 'dead') {
        reject(shardDied(this.index, this.#cause));
        return;
      }
      const call = ++this.#lastCall;
      let isAborted = false;
      const onAbort = (): void => {
        isAborted = true;
        this.outbox.push({ op: 'cancel', call });
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settled = (): void => signal?.removeEventListener('abort', onAbort);
      this.#calls.set(call, {
        resolve: (value) => {
          settled();
          if (isAborted) undo(value as ShardCalls[N]['value']);
          else resolve(take(value as ShardCalls[N]['value']));
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.outbox.push({ op: 'call', call, name, args: pack(args) });
    });
  }

  /**
   * Closes the shard's node and then its thread, whose end is not a death from now on. Never rejects: of one that died, or was stuck and had to be
   * ended, all that was open is cut.
   */
  async close(args: ShardCalls['close']['args']): Promise<CloseReport> {
    if (this.#state !== 'dead') this.#state = 'stopping';
    const patience = this.#runtime.setTimer(args.timeoutMs + STUCK_AFTER_MS, () => void this.#worker.terminate());
    try {
      return (await this.call('close', args)) as CloseReport;
    } catch {
      return this.#unfinished;
    } finally {
      patience.cancel();
      await this.#stop();
    }
  }

  /** Ends the thread at once, as if it had died of `cause`. */
  kill(cause: Error): void {
    this.#cause ??= cause;
    void this.#worker.terminate();
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    if (this.#state !== 'dead') this.#state = 'stopping';
    await this.#worker.terminate();
    await this.#exited;
  }

  async #stop(): Promise<void> {
    const patience = setTimeout(() => void this.#worker.terminate(), EXIT_PATIENCE_MS);
    await this.#exited;
    clearTimeout(patience);
  }

  #hear(entries: readonly FromShard[]): void {
    for (const entry of entries) this.#hearOne(entry);
  }

  #hearOne(entry: FromShard): void {
    switch (entry.op) {
      case 'bound':
        this.#owner.onBound(this);
        this.#onBound();
        return;
      case 'started':
        // It may have been told to end meanwhile.
        if (this.#state !== 'starting') return;
        this.#state = 'running';
        this.#onStarted({ facts: entry.facts as StartedShard });
        return;
      case 'notStarted':
        this.#notStarted(decodeError(entry.error), entry.byModule);
        return;
      case 'failed':
        this.kill(decodeError(entry.error));
        return;
      case 'reply':
        this.#take(entry.call)?.resolve(unpack(entry.value));
        return;
      case 'refusal':
        this.#take(entry.call)?.reject(unpack(entry.error));
        return;
      default:
        if ('stream' in entry && entry.op !== 'opened') this.streams.get(entry.stream)?.hear(entry);
        else this.#owner.onNews(this, entry as ShardNews);
    }
  }

  #notStarted(cause: Error, byModule: boolean): void {
    this.#state = 'stopping';
    this.#onBound();
    this.#onStarted({ error: byModule ? shardNotStarted(this.index, cause) : (cause as OsierError) });
  }

  #take(call: number): OpenCall | undefined {
    const open = this.#calls.get(call);
    this.#calls.delete(call);
    return open;
  }

  #onExit(): void {
    const before = this.#state;
    const error = this.#errorOfEnd();
    this.#unfinished = openIn(this);
    this.#state = 'dead';
    this.outbox.close();
    this.#onStarted({ error });
    this.#onBound();
    if (before === 'running') this.#owner.onDeath(this, error);
    for (const call of [...this.#calls.keys()]) this.#take(call)?.reject(error);
    for (const port of [...this.streams.values()]) port.fail(error);
  }

  #errorOfEnd(): OsierError {
    if (this.#state === 'stopping') return nodeClosed(null);
    return this.#state === 'starting' ? shardNotStarted(this.index, this.#cause ?? 'its thread ended') : shardDied(this.index, this.#cause);
  }
}

/** The thread. It runs what was compiled, also where this file is not. */
function workerFor(boot: ShardBoot): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const script = new URL(isSource ? '../../dist/shard/shard-worker.js' : '../shard/shard-worker.js', import.meta.url);
  // A program on the command line may come with a flag that files of a worker are refused for.
  const flags = process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {};
  try {
    return new Worker(script, { workerData: boot, name: `osier shard ${boot.index}`, ...flags });
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'DataCloneError')
      throw invalidOption('shardData', `cannot be cloned for another thread: ${textOf(cause)}`);
    throw shardNotStarted(boot.index, cause);
  }
}
