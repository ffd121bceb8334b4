import type { Observer } from '../../../src/observe/index.js';
import { StreamTracing } from '../../../src/observe/stream-tracing.js';

/** An observer that nobody listens to. */
export function silentObserver(): Observer {
  const nothing = (): void => {};
  return {
    onSession: nothing,
    onHandshake: nothing,
    onAnswered: nothing,
    onStream: nothing,
    onState: nothing,
    onPath: nothing,
    tracing: new StreamTracing(null, nothing),
  } as unknown as Observer;
}
