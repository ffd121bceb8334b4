/** The `node:diagnostics_channel` names, all of them, and how they are used. */
import '../engine/dispose-symbols.js';
import { type Channel, channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsPayloads } from '../api/observing.js';
import { invalidOption } from '../errors/index.js';

const CHANNELS: { readonly [N in keyof DiagnosticsPayloads]: Channel } = {
  'osier:handshake': channel('osier:handshake'),
  'osier:peer:state': channel('osier:peer:state'),
  'osier:route': channel('osier:route'),
  'osier:path': channel('osier:path'),
  'osier:traversal': channel('osier:traversal'),
  'osier:stream:open': channel('osier:stream:open'),
  'osier:stream:end': channel('osier:stream:end'),
  'osier:shard': channel('osier:shard'),
};

/**
 * Subscribes to one channel, for all nodes of this thread, until it is disposed of. What `listener` throws is an uncaught exception of its own.
 * Errors (thrown): INVALID_OPTION.
 *
 * @example using watch = onDiagnostics('osier:path', ({ peer, change }) => console.log(peer, change.cause.kind));
 */
export function onDiagnostics<N extends keyof DiagnosticsPayloads>(name: N, listener: (payload: DiagnosticsPayloads[N]) => void): Disposable {
  if (!Object.hasOwn(CHANNELS, name)) throw invalidOption('name', `must be one of ${Object.keys(CHANNELS).join(', ')}`);
  if (typeof listener !== 'function') throw invalidOption('listener', 'must be a function');
  const onMessage = (payload: unknown): void => listener(payload as DiagnosticsPayloads[N]);
  subscribe(name, onMessage);
  return { [Symbol.dispose]: () => void unsubscribe(name, onMessage) };
}

/** Publishes what `build` returns, and does not call it while nobody listens. */
export function publish<N extends keyof DiagnosticsPayloads>(name: N, build: () => DiagnosticsPayloads[N]): void {
  const target = CHANNELS[name];
  if (target.hasSubscribers) target.publish(build());
}
