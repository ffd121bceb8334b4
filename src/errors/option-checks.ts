/** Checks of options at the edge: each returns the typed value or throws INVALID_OPTION with the option's name. */
import { invalidOption } from './osier-error.js';
import { textOf } from './text-of.js';

/** Longest time that an option may give: ten years. Far below what a double or the engine's microseconds can hold. */
export const DURATION_MS_MAX = 315_360_000_000;

/** Default of everything that drains. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Longest reason that a close carries, in bytes of UTF-8. */
const REASON_BYTES_MAX = 256;

/** A whole number within bounds; `otherwise` when it is absent. */
export function integerOption(option: string, value: unknown, bounds: { min: number; max: number; otherwise: number }): number {
  if (value === undefined) return bounds.otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    throw invalidOption(option, `must be a whole number from ${bounds.min} to ${bounds.max}, not ${shown(value)}`);
  }
  return value;
}

/** A time in milliseconds, fractions allowed, 0 included. */
export function durationOption(option: string, value: unknown, otherwise: number, maxMs = DURATION_MS_MAX): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' || !(value >= 0 && value <= maxMs)) {
    throw invalidOption(option, `must be a time from 0 to ${maxMs} ms, not ${shown(value)}`);
  }
  return value;
}

/** True or false. */
export function booleanOption(option: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw invalidOption(option, `must be true or false, not ${shown(value)}`);
  return value;
}

/** One of a few words. */
export function choiceOption<T extends string>(option: string, value: unknown, choices: readonly T[], otherwise: T): T {
  if (value === undefined) return otherwise;
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw invalidOption(option, `must be one of ${choices.map((known) => `'${known}'`).join(', ')}, not ${shown(value)}`);
  return choice;
}

/** A list of strings; an absent one is empty. */
export function stringListOption(option: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw invalidOption(option, 'must be a list of strings');
  return value;
}

/** Bytes, whatever class of theirs it is. */
export function bytesOption(option: string, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalidOption(option, 'must be a Uint8Array');
  return value;
}

/** A signal that something may abort. */
export function signalOption(value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) throw invalidOption('signal', 'must be an AbortSignal');
  return value;
}

/** An options object; an absent one has no options. */
export function optionsObject<T extends object>(option: string, value: T | undefined): Partial<T> {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null) throw invalidOption(option, `must be an object, not ${shown(value)}`);
  return value;
}

/** How long a close lets streams finish, in milliseconds. */
export function closeTimeoutOption(value: unknown): number {
  return durationOption('timeoutMs', value, CLOSE_TIMEOUT_MS);
}

/** What a peer is told at the end; UTF-8. */
export function reasonOption(value: unknown): Uint8Array {
  if (value === undefined) return new Uint8Array(0);
  if (typeof value !== 'string') throw invalidOption('reason', 'must be a string');
  const bytes = new TextEncoder().encode(value);
  if (bytes.length > REASON_BYTES_MAX) throw invalidOption('reason', `must fit ${REASON_BYTES_MAX} bytes of UTF-8, not ${bytes.length}`);
  return bytes;
}

/** The name of a protocol, as UTF-8. */
export function protocolOption(value: unknown): Uint8Array {
  if (typeof value !== 'string') throw invalidOption('protocol', `must be a string, not ${shown(value)}`);
  const bytes = new TextEncoder().encode(value);
  if (bytes[0] === 0) throw invalidOption('protocol', "must not begin with a zero byte: such names are Osier's own");
  if (bytes.length < 1 || bytes.length > 64) throw invalidOption('protocol', `must have 1 to 64 bytes of UTF-8, not ${bytes.length}`);
  return bytes;
}

/** What `run` returns; what it throws, as a rejection: the one way in which a call that returns a promise fails. */
export function rejecting<T>(run: () => Promise<T>): Promise<T> {
  try {
    return run();
  } catch (error) {
    return Promise.reject(error);
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : textOf(value);
}
