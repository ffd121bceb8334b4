import type { BatchListener, Engine, EngineConfig } from './engine.js';
import { loadAddon } from './load-addon.js';

/** An engine on real sockets, in the event loop of this thread. Throws INTERNAL where the addon is missing. */
export function createNativeEngine(config: EngineConfig, listener: BatchListener): Engine {
  const { NativeEngine } = loadAddon();
  return new NativeEngine(config, listener);
}
