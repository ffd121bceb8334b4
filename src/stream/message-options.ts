import type { MessageOptions } from '../api/streams.js';
import { booleanOption, durationOption } from '../errors/option-checks.js';

/** Longest lifetime that the wire carries. */
const LIFETIME_MS_MAX = 0xffff_ffff;

/** How one end's messages are delivered. */
export interface Delivery {
  readonly ordered: boolean;
  /** `null`: for as long as the stream lives. */
  readonly lifetimeMs: number | null;
}

/** Checks {@link MessageOptions}. Throws INVALID_OPTION. */
export function parseMessageOptions(options: MessageOptions | undefined): Delivery {
  return { ordered: booleanOption('ordered', options?.ordered, true), lifetimeMs: lifetimeOption(options?.lifetimeMs) ?? null };
}

/** A time after which a message expires; 0 is over at once. `undefined` when it is absent. */
export function lifetimeOption(value: unknown): number | undefined {
  return value === undefined ? undefined : durationOption('lifetimeMs', value, 0, LIFETIME_MS_MAX);
}
