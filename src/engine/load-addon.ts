import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { osierError } from '../errors/index.js';
import type { BatchListener, Engine, EngineConfig } from './engine.js';

/** What the addon exports. */
export interface Addon {
  readonly NativeEngine: new (config: EngineConfig, listener: BatchListener) => Engine;
}

const require = createRequire(import.meta.url);
let loaded: Addon | null = null;

/** Loads the addon, once in this environment: the prebuilt one, or the one that was built here. Throws INTERNAL where there is none. */
export function loadAddon(): Addon {
  if (loaded !== null) return loaded;
  const files = [`../../prebuilds/${platformTag()}/osier.node`, '../../build/osier.node'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const file = files.find(existsSync);
  if (file === undefined) {
    throw osierError('ERR_OSIER_INTERNAL', `The native addon is missing (${files.join(', ')}): reinstall the package with its install script.`, {});
  }
  loaded = require(file) as Addon;
  return loaded;
}

/** The folder of prebuilt binaries for this process, as scripts/build-addon.mjs names it. */
function platformTag(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const isMusl = process.platform === 'linux' && header.glibcVersionRuntime === undefined;
  return `${process.platform}-${process.arch}${isMusl ? '-musl' : ''}`;
}
