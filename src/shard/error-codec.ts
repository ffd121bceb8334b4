/** Errors on their way between threads: a structured clone forgets their class, code and details. */
import { OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';

/** Causes of causes that are kept. */
const CAUSES_MAX = 8;

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
}

/** Key of an {@link EncodedError} that stands for an error inside of other data. */
const MARK = 'osier.packed-error';

/** Plain data with the errors in it as plain data. What cannot be cloned becomes text. */
export function pack(value: unknown, depth = CAUSES_MAX): unknown {
  if (value instanceof Error) return { [MARK]: encodeError(value, depth) };
  if (Array.isArray(value)) return value.map((item) => pack(item, depth));
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item, depth)]));
  return cloneable(value);
}

/** What {@link pack} was given. */
export function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (!isPlain(value)) return value;
  const packed = value[MARK];
  if (packed !== undefined) return decodeError(packed as EncodedError);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item)]));
}

/** See {@link EncodedError}. */
export function encodeError(error: Error, depth = CAUSES_MAX): EncodedError {
  const own = Object.entries(error).filter(([key]) => key !== 'cause');
  const properties = Object.fromEntries(own.map(([key, value]) => [key, pack(value, depth - 1)]));
  return {
    isOsier: OsierError.is(error),
    name: String(error.name),
    message: textOf(error),
    stack: error.stack === undefined ? undefined : String(error.stack),
    properties,
    cause: depth === 0 || error.cause === undefined ? undefined : pack(error.cause, depth - 1),
  };
}

/** The error again: of the same class where that is Osier's or the language's, with its own stack. */
export function decodeError(encoded: EncodedError): Error {
  const { isOsier, name, message, stack, properties } = encoded;
  const options = encoded.cause === undefined ? undefined : { cause: unpack(encoded.cause) };
  const { code, details, ...rest } = unpack(properties) as Record<string, unknown>;
  if (isOsier) return withStack(osierError(code as 'ERR_OSIER_INTERNAL', message, details as never, options), stack);
  const error = new (BUILT_IN[name] ?? Error)(message, options);
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
