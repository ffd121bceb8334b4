/** Ctrl-C and `kill`, as promises and abort signals. */

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What interrupted a command; its exit code is the shell's convention for the signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: keyof typeof SIGNALS) {
    super(`interrupted by ${signal}`);
    this.exitCode = SIGNALS[signal];
  }
}

/** Aborts at the first signal, with an {@link Interrupted}. A second one ends the process at once, as without this. */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
    process.once(signal, () => controller.abort(new Interrupted(signal)));
  }
  return controller.signal;
}

/** Resolves at the first signal: the usual end of a command that runs until it is told to stop. */
export function untilInterrupted(): Promise<'interrupted'> {
  const signal = abortOnInterrupt();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve('interrupted'), { once: true }));
}
