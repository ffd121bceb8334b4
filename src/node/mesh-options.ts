import { fileURLToPath } from 'node:url';
import type { DiscoveryOptions, MeshNodeOptions, RelayOptions } from '../api/node.js';
import type { RelayConfig } from '../engine/engine.js';
import { invalidOption } from '../errors/index.js';
import { choiceOption, integerOption, optionsObject } from '../errors/option-checks.js';

/** Room for a bulk flow of a gigabit over 30 ms. */
const QUEUE_BYTES = 4 * 2 ** 20;
/** A handful of full packets: with less nothing passes but by luck. */
const QUEUE_BYTES_MIN = 65_536;
const QUEUE_BYTES_MAX = 2 ** 30;
/** Ten packets of the base size a second: less would not carry a handshake. */
const RELAYED_BYTES_PER_SECOND_MIN = 12_000;

/** A node's part in the mesh, after its checks. */
export interface ParsedMeshOptions {
  /** What is forwarded for others, as the engine takes it; `null`: nothing. */
  readonly relay: RelayConfig | null;
  readonly liveness: 'wan' | 'lan';
  /** A path. */ readonly cacheFile: string | null;
}

/** Checks `relay`, `liveness` and `discovery`. Throws INVALID_OPTION, also where they ask for what several shards have not. */
export function meshOptions({ relay, liveness, discovery, shards }: MeshNodeOptions): ParsedMeshOptions {
  const parsed = {
    relay: relayOption(relay),
    liveness: choiceOption('liveness', liveness, ['wan', 'lan'], 'wan'),
    cacheFile: cacheFileOption(discovery),
  };
  if (typeof shards !== 'number' || shards < 2) return parsed;
  if (parsed.relay !== null) throw notInSeveralShards('relay');
  if (parsed.liveness === 'lan') throw notInSeveralShards('liveness');
  if (parsed.cacheFile !== null) throw notInSeveralShards('discovery.cacheFile');
  return parsed;
}

/** The option needs what several shards have not. */
export function notInSeveralShards(option: string): Error {
  return invalidOption(option, "is not there with 2 shards and more in this version of Osier: set 'shards' to 1 or 0");
}

function relayOption(value: RelayOptions | undefined): RelayConfig | null {
  if (value === undefined) return null;
  const { maxBytesPerSecond, queueBytes } = optionsObject('relay', value);
  const max = Number.MAX_SAFE_INTEGER;
  return {
    maxBytesPerSecond: integerOption('relay.maxBytesPerSecond', maxBytesPerSecond, { min: RELAYED_BYTES_PER_SECOND_MIN, max, otherwise: 0 }),
    queueBytes: integerOption('relay.queueBytes', queueBytes, { min: QUEUE_BYTES_MIN, max: QUEUE_BYTES_MAX, otherwise: QUEUE_BYTES }),
  };
}

/** Options of discovery that the API names, and this version has not. */
const UNSUPPORTED_DISCOVERY = ['lan', 'portMapping'];

function cacheFileOption(value: DiscoveryOptions | undefined): string | null {
  const discovery = optionsObject('discovery', value);
  for (const name of UNSUPPORTED_DISCOVERY) {
    const wanted = (discovery as Readonly<Record<string, unknown>>)[name];
    if (wanted !== undefined && wanted !== false) throw invalidOption(`discovery.${name}`, 'is not there in this version of Osier: leave it out');
  }
  const { cacheFile } = discovery;
  if (cacheFile === undefined) return null;
  if (typeof cacheFile === 'string' && cacheFile !== '') return cacheFile;
  if (cacheFile instanceof URL && cacheFile.protocol === 'file:') return fileURLToPath(cacheFile);
  throw invalidOption('discovery.cacheFile', 'must be a path or a file: URL');
}
