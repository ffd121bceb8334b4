import type { StreamInfo, TracingHook } from '../api/observing.js';

/** Ends the trace of one stream that this node opened. */
export type TraceEnd = (error: Error | null) => void;

const NO_END: TraceEnd = () => {};

/**
 * The application's tracing hook, held at arm's length: whatever it throws, streams open and handlers run as without it. After the first fault, of
 * which `report` is told, it is not called again.
 */
export class StreamTracing {
  #hook: TracingHook | null;
  readonly #report: (cause: unknown) => void;

  constructor(hook: TracingHook | null, report: (cause: unknown) => void) {
    this.#hook = hook;
    this.#report = report;
  }

  /** There is a hook, and it has not failed. */
  get isOn(): boolean {
    return this.#hook !== null;
  }

  /** From now on this one. */
  use(hook: TracingHook): void {
    this.#hook = hook;
  }

  /** Before a stream opens: what to send as its metadata, and what to call when it has ended. */
  opening(
    info: StreamInfo,
    metadata: Readonly<Record<string, string>> | undefined,
  ): { readonly metadata: Record<string, string>; readonly end: TraceEnd } {
    const own = { ...metadata };
    const hook = this.#hook;
    if (hook === null) return { metadata: own, end: NO_END };
    const extended = { ...own };
    try {
      const end = hook.opening(info, extended);
      if (typeof end !== 'function') throw new TypeError("the hook's 'opening' must return a function");
      const stray = Object.keys(extended).find((key) => typeof extended[key] !== 'string');
      if (stray !== undefined) throw new TypeError(`the hook's 'opening' added '${stray}', which is not a string`);
      return { metadata: extended, end: (error) => this.#end(end, error) };
    } catch (cause) {
      this.#fail(cause);
      return { metadata: own, end: NO_END };
    }
  }

  /** Runs a handler, once, inside the hook. Settles as `run` does. */
  async handling(info: StreamInfo, metadata: Readonly<Record<string, string>>, run: () => Promise<void>): Promise<void> {
    const hook = this.#hook;
    if (hook === null) return run();
    let running: Promise<void> | null = null;
    let began = (): void => {};
    const beginning = new Promise<void>((resolve) => {
      began = resolve;
    });
    const once = (): Promise<void> => {
      running ??= run();
      began();
      return running;
    };
    const hooked = this.#handle(hook, info, metadata, once);
    // The hook may do something of its own first; what it does after that delays nobody.
    await Promise.race([beginning, hooked]);
    if (running === null) this.#fail(new TypeError("the hook's 'handling' did not call 'run'"));
    return once();
  }

  /** Never rejects: what the handler threw is the handler's affair, the rest is a fault of the hook. */
  async #handle(hook: TracingHook, info: StreamInfo, metadata: Readonly<Record<string, string>>, once: () => Promise<void>): Promise<void> {
    let ran: Promise<void> | null = null;
    try {
      await hook.handling(info, metadata, () => {
        ran = once();
        return ran;
      });
    } catch (cause) {
      if (!(await rejectedWith(ran, cause))) this.#fail(cause);
    }
  }

  #end(end: TraceEnd, error: Error | null): void {
    try {
      end(error);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    if (this.#hook === null) return;
    this.#hook = null;
    this.#report(cause);
  }
}

function rejectedWith(ran: Promise<void> | null, cause: unknown): Promise<boolean> | false {
  return (
    ran?.then(
      () => false,
      (error: unknown) => error === cause,
    ) ?? false
  );
}
