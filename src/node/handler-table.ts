import type { HandleOptions, Handler, HandlerRegistration, MessageOptions, Priority, StreamKind } from '../api/streams.js';
import type { CloseOptions, CloseReport } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { invalidOption, osierError } from '../errors/index.js';
import { choiceOption, closeTimeoutOption, integerOption, protocolOption, reasonOption, rejecting } from '../errors/option-checks.js';
import { type Delivery, drainStreams, Patience, parseMessageOptions, STREAM_KINDS, type StreamEnd } from '../stream/index.js';

/** Most streams that one handler may serve at once. */
const CONCURRENT_MAX = 2 ** 20;

/** Options of a handler of any kind. */
type AnyHandleOptions = HandleOptions<StreamKind> & MessageOptions;

/** Handlers by protocol. */
export class HandlerTable {
  readonly #runtime: Runtime;
  readonly #entries = new Map<string, HandlerEntry>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Throws HANDLER_EXISTS, INVALID_OPTION. */
  add(protocol: string, options: AnyHandleOptions | undefined, handler: Handler<never>): HandlerRegistration {
    protocolOption(protocol);
    if (typeof handler !== 'function') throw invalidOption('handler', 'must be a function');
    if (this.#entries.has(protocol)) {
      throw osierError('ERR_OSIER_HANDLER_EXISTS', `'${protocol}' has a handler already: close that one first.`, { protocol });
    }
    const entry = new HandlerEntry(this.#runtime, protocol, parseHandleOptions(options), handler, () => this.#entries.delete(protocol));
    this.#entries.set(protocol, entry);
    return entry;
  }

  get protocols(): string[] {
    return [...this.#entries.keys()];
  }

  get(protocol: string): HandlerEntry | undefined {
    return this.#entries.get(protocol);
  }

  /** The node begins to close: every handler should finish. */
  drainAll(): void {
    for (const entry of this.#entries.values()) entry.drain();
  }
}

/** One handler and the streams that it serves. */
export class HandlerEntry implements HandlerRegistration {
  readonly protocol: string;
  readonly options: ParsedHandleOptions;
  /** Takes streams of the kind in `options` only. */
  readonly handler: Handler<never>;
  readonly #runtime: Runtime;
  readonly #served = new Set<StreamEnd>();
  readonly #draining = new AbortController();
  readonly #remove: () => void;
  #running = 0;
  #closing: Promise<CloseReport> | null = null;

  constructor(runtime: Runtime, protocol: string, options: ParsedHandleOptions, handler: Handler<never>, remove: () => void) {
    this.#runtime = runtime;
    this.protocol = protocol;
    this.options = options;
    this.handler = handler;
    this.#remove = remove;
  }

  /** See {@link HandlerContext.draining}. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Whether one more stream may be served. */
  get isFull(): boolean {
    return this.#running >= this.options.maxConcurrent;
  }

  /** Counts the handler of a stream until it has returned, and the stream until it is closed. */
  serve(stream: StreamEnd, returned: Promise<void>): void {
    this.#running++;
    this.#served.add(stream);
    returned.then(() => {
      this.#running--;
    });
    stream.closed.then(() => this.#served.delete(stream));
  }

  drain(): void {
    if (this.#draining.signal.aborted) return;
    this.#draining.abort(osierError('ERR_OSIER_NODE_CLOSED', `The handler of '${this.protocol}' is closing: finish and return.`, {}));
  }

  close(options?: CloseOptions): Promise<CloseReport> {
    return rejecting(() => {
      const timeoutMs = closeTimeoutOption(options?.timeoutMs);
      reasonOption(options?.reason);
      this.#closing ??= this.#close(timeoutMs);
      return this.#closing;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(timeoutMs: number): Promise<CloseReport> {
    this.drain();
    const report = await drainStreams(this.#served, new Patience(this.#runtime.setTimer, timeoutMs), (stream) => stream.reset(0));
    this.#remove();
    return report;
  }
}

/** Options of a handler with their defaults. */
export interface ParsedHandleOptions {
  readonly kind: StreamKind;
  readonly priority: Priority;
  readonly maxConcurrent: number;
  readonly delivery: Delivery;
}

function parseHandleOptions(options: AnyHandleOptions | undefined): ParsedHandleOptions {
  if (options !== undefined && (typeof options !== 'object' || options === null)) throw invalidOption('options', 'must be an object');
  return {
    kind: choiceOption('kind', options?.kind, STREAM_KINDS, 'bytes'),
    priority: integerOption('priority', options?.priority, { min: 0, max: 7, otherwise: 3 }) as Priority,
    maxConcurrent: integerOption('maxConcurrent', options?.maxConcurrent, { min: 1, max: CONCURRENT_MAX, otherwise: 1_024 }),
    delivery: parseMessageOptions(options),
  };
}
