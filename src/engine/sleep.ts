import type { Clock, WaitOptions } from '../api/waiting.js';
import { durationOption, signalOption } from '../errors/option-checks.js';
import type { Runtime } from './runtime.js';

/** {@link Clock.sleep} by the timers of a runtime. */
export function sleepBy(setTimer: Runtime['setTimer']): Clock['sleep'] {
  return async (durationMs: number, options?: WaitOptions): Promise<void> => {
    const delayMs = durationOption('durationMs', durationMs ?? Number.NaN, 0);
    const signal = signalOption(options?.signal);
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = setTimer(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  };
}
