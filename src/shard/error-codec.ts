/** Errors on their way between threads: a structured clone forgets their class, code and details. */
import { OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';

/** Levels of data in data, and of causes of causes, that are kept: what lies deeper, or refers to itself, becomes text or is left out. */
const DEPTH_MAX = 12;

/** Errors, arrays and objects that are kept of one value. */
const OBJECTS_MAX = 1_024;

/** Stands for what cannot be read at all. */
const UNREADABLE = '(unreadable)';

/** Names of the errors of the language, which are made again as such. */
const BUILT_IN: Readonly<Record<string, ErrorConstructor>> = { TypeError, RangeError, SyntaxError, ReferenceError };

/** An error as plain data. */
export interface EncodedError {
  /** Whether it is one of Osier's: `properties` then holds `code` and `details`. */
  readonly isOsier: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: Readonly<Record<string, unknown>>;
  /** Packed; `undefined` where there is none. */
  readonly cause: unknown;
  /** Of an AggregateError, packed; `undefined` of others. */
  readonly errors: unknown;
}

/** Key of an {@link EncodedError} that stands for an error inside of other data. */
const MARK = 'osier.packed-error';

/** Plain data with the errors in it as plain data. What cannot be cloned becomes text. Never throws. */
export function pack(value: unknown): unknown {
  return new Packer().pack(value, DEPTH_MAX);
}

/** What {@link pack} was given. */
export function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (!isPlain(value)) return value;
  const packed = value[MARK];
  if (packed !== undefined) return decodeError(packed as EncodedError);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item)]));
}

/** See {@link EncodedError}. Never throws. */
export function encodeError(error: Error): EncodedError {
  return new Packer().encode(error, DEPTH_MAX);
}

/** Packs one value, within the bounds above. */
class Packer {
  #objectsLeft = OBJECTS_MAX;

  pack(value: unknown, depth: number): unknown {
    try {
      if (!(value instanceof Error || Array.isArray(value) || isPlain(value))) return cloneable(value);
      if (depth <= 0 || this.#objectsLeft <= 0) return textOf(value);
      if (value instanceof Error) return { [MARK]: this.encode(value, depth) };
      this.#objectsLeft--;
      if (Array.isArray(value)) return value.map((item) => this.pack(item, depth - 1));
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.pack(item, depth - 1)]));
    } catch {
      return UNREADABLE;
    }
  }

  encode(error: Error, depth: number): EncodedError {
    this.#objectsLeft--;
    const read = <T>(get: () => T, otherwise: T): T => {
      try {
        return get();
      } catch {
        return otherwise;
      }
    };
    const inner = (value: unknown): unknown => (value === undefined || depth <= 1 ? undefined : this.pack(value, depth - 1));
    const own = read(() => Object.keys(error), []).filter((key) => key !== 'cause' && key !== 'errors');
    const properties = own.map((key) => [key, inner(read<unknown>(() => error[key as keyof Error], UNREADABLE))]);
    const stack = read(() => error.stack, undefined);
    return {
      isOsier: read(() => OsierError.is(error), false),
      name: read(() => String(error.name), 'Error'),
      message: read(() => textOf(error), UNREADABLE),
      stack: stack === undefined ? undefined : read(() => String(stack), undefined),
      properties: Object.fromEntries(properties) as Record<string, unknown>,
      cause: inner(read(() => error.cause, undefined)),
      errors: error instanceof AggregateError ? (inner(read<unknown>(() => error.errors, [])) ?? []) : undefined,
    };
  }
}

/** The error again: of the same class where that is Osier's or the language's, with its own stack. */
export function decodeError(encoded: EncodedError): Error {
  const { isOsier, name, message, stack, properties } = encoded;
  const options = encoded.cause === undefined ? undefined : { cause: unpack(encoded.cause) };
  const { code, details, ...rest } = unpack(properties) as Record<string, unknown>;
  if (isOsier) return withStack(osierError(code as 'ERR_OSIER_INTERNAL', message, details as never, options), stack);
  const error =
    encoded.errors === undefined ? new (BUILT_IN[name] ?? Error)(message, options) : new AggregateError(errorsOf(encoded.errors), message, options);
  Object.assign(error, rest, code === undefined ? null : { code }, details === undefined ? null : { details });
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return withStack(error, stack);
}

/** As {@link decodeError}, for what can only be one of Osier's. */
export function decodeOsierError(encoded: EncodedError): OsierError {
  const error = decodeError(encoded);
  if (OsierError.is(error)) return error;
  return osierError('ERR_OSIER_INTERNAL', error.message, {}, { cause: error });
}

function errorsOf(packed: unknown): readonly unknown[] {
  const errors = unpack(packed);
  return Array.isArray(errors) ? errors : [errors];
}

function withStack<E extends Error>(error: E, stack: string | undefined): E {
  Object.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true });
  return error;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function cloneable(value: unknown): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  try {
    return structuredClone(value);
  } catch {
    return textOf(value);
  }
}
