/** What a simulation can be told, as api.d.ts has it, and its checks. */
import type { MeshNodeOptions } from '../api/node.js';
import { invalidOption } from '../errors/index.js';
import { choiceOption, durationOption, optionsObject } from '../errors/option-checks.js';

/** Options of a {@link SimNetwork}. */
export interface SimOptions {
  /** Default: `OSIER_SEED` from the environment, otherwise random. */
  seed?: string | undefined;
  /** Every link, until {@link SimNetwork.setLink}. Default: 1 ms, no faults. */
  link?: SimLink | undefined;
}

/** One direction of a link. Rates are probabilities from 0 to 1. Default: 1 ms, everything else 0 or unbounded. */
export interface SimLink {
  delayMs?: number | undefined;
  /** Added at random, from 0 to this; order is kept. */
  jitterMs?: number | undefined;
  lossRate?: number | undefined;
  duplicateRate?: number | undefined;
  /** The chance to be overtaken by what follows. */
  reorderRate?: number | undefined;
  /** The chance that one bit is changed. */
  corruptRate?: number | undefined;
  /** Beyond it datagrams queue for up to 100 ms, or 64 KiB, and are then dropped. */
  bytesPerSecond?: number | undefined;
  /** UDP payload; what is larger vanishes. */
  mtuBytes?: number | undefined;
}

/** A router's habit: one mapping for all destinations, open to those sent to ('cone'); one per destination ('symmetric'); 'udp-blocked'. */
export type SimNat = 'none' | 'cone' | 'symmetric' | 'udp-blocked';

/** What a simulated node may set: all but what needs the real machine; identity and network have defaults that follow from the seed. */
export type SimNodeOptions = Partial<Omit<MeshNodeOptions, 'listen' | 'shards' | 'handlers' | 'shardData'>>;

/** The others. */
const NOT_SIMULATED = ['listen', 'shards', 'handlers', 'shardData'] as const;

/** A link with every default filled in. */
export type LinkFaults = { readonly [F in keyof SimLink]-?: number };

const PERFECT: LinkFaults = {
  delayMs: 1,
  jitterMs: 0,
  lossRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  corruptRate: 0,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  mtuBytes: Number.POSITIVE_INFINITY,
};

/** `changes` to a link; what is absent stays as it is in `present`. Throws INVALID_OPTION. */
export function linkFaults(option: string, changes: SimLink | undefined, present: LinkFaults = PERFECT): LinkFaults {
  const faults = optionsObject(option, changes);
  for (const name of Object.keys(faults)) if (!(name in PERFECT)) throw invalidOption(`${option}.${name}`, 'is no property of a link');
  const rate = (name: keyof SimLink): number => numberOption(`${option}.${name}`, faults[name], present[name], 0, 1);
  const bound = (name: keyof SimLink): number => numberOption(`${option}.${name}`, faults[name], present[name], 1, Number.POSITIVE_INFINITY);
  return {
    delayMs: durationOption(`${option}.delayMs`, faults.delayMs, present.delayMs),
    jitterMs: durationOption(`${option}.jitterMs`, faults.jitterMs, present.jitterMs),
    lossRate: rate('lossRate'),
    duplicateRate: rate('duplicateRate'),
    reorderRate: rate('reorderRate'),
    corruptRate: rate('corruptRate'),
    bytesPerSecond: bound('bytesPerSecond'),
    mtuBytes: bound('mtuBytes'),
  };
}

function numberOption(option: string, value: unknown, otherwise: number, min: number, max: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw invalidOption(option, `must be a number from ${min} to ${max}`);
  return value;
}

/** Throws INVALID_OPTION for a seed that is no text. */
export function seedOption(value: unknown): string | undefined {
  if (value !== undefined && (typeof value !== 'string' || value === '')) throw invalidOption('seed', 'must be a text that is not empty');
  return value;
}

/** The habit of a host's router. Throws INVALID_OPTION. */
export function natOption(value: unknown): SimNat {
  return choiceOption('nat', value, ['none', 'cone', 'symmetric', 'udp-blocked'], 'none');
}

/** Throws INVALID_OPTION for what needs the real machine. */
export function checkNodeOptions(options: SimNodeOptions): void {
  for (const name of NOT_SIMULATED) {
    if ((options as Readonly<Record<string, unknown>>)[name] !== undefined)
      throw invalidOption(name, 'needs the real machine, and is not for a simulated node');
  }
}
