import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { osierError } from '../errors/index.js';
import type { DetachedEngine } from './detached-engine.js';
import type { BatchListener, Engine, EngineConfig } from './engine.js';

/** An engine that drives itself in the event loop. */
export interface NativeEngine extends Engine {
  /** Polls that found nothing while it spun, spins begun, spins ended. */ spinCounters(into: BigUint64Array): void;
}

/** What the addon exports. */
export interface Addon {
  readonly NativeEngine: new (config: EngineConfig, listener: BatchListener) => NativeEngine;
  readonly DetachedEngine: new (
    config: EngineConfig,
    listener: BatchListener,
    wake: () => void,
    seed: Uint8Array | null,
    startMicros: number | null,
  ) => DetachedEngine;
  /** Requests of libuv that are not done in this environment: file operations, names to resolve, jobs of the thread pool. */
  pendingRequests(): number;
}

const require = createRequire(import.meta.url);
let loaded: Addon | null = null;

/** Loads the addon, once in this environment: the one that was built here, or the prebuilt one. Throws INTERNAL where there is none. */
export function loadAddon(): Addon {
  if (loaded !== null) return loaded;
  const built = fileURLToPath(new URL('../../build/osier.node', import.meta.url));
  const file = existsSync(built) ? built : fileURLToPath(new URL(`../../prebuilds/${platformTag()}/osier.node`, import.meta.url));
  try {
    loaded = require(file) as Addon;
    return loaded;
  } catch (cause) {
    throw osierError(
      'ERR_OSIER_INTERNAL',
      `The native addon ${file} cannot be loaded: reinstall the package with its install script.`,
      {},
      { cause },
    );
  }
}

/** The folder of prebuilt binaries for this process, as scripts/build-addon.mjs names it. Asking for it takes tens of milliseconds. */
function platformTag(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined;
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}
