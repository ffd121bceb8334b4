import type { OsierErrorCode, OsierErrorDetails } from './codes.js';

/** Marks errors of every copy of this package, in every realm of the process. */
const BRAND = Symbol.for('osier.error');

type Construct = <C extends OsierErrorCode>(code: C, message: string, details: OsierErrorDetails[C], options?: ErrorOptions) => OsierError<C>;

/**
 * Makes an error. `message` says what happened, to what, and what to do, without the code; `options.cause` is what led to it.
 *
 * @example throw osierError('ERR_OSIER_NODE_CLOSED', 'The node is closed: create another one.', {});
 */
export let osierError: Construct;

/**
 * The one error class. Its message says what happened, to what, and what to do; `code` is stable; `details` depends on it.
 *
 * @example if (OsierError.is(error, 'ERR_OSIER_STREAM_RESET')) retry(error.details.applicationCode);
 */
export class OsierError<C extends OsierErrorCode = OsierErrorCode> extends Error {
  readonly code: C;
  readonly details: OsierErrorDetails[C];

  private constructor(code: C, message: string, details: OsierErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  static {
    // Inherited and not enumerable, so that a printed error shows its code and details only.
    Object.defineProperty(OsierError.prototype, 'name', { value: 'OsierError', configurable: true, writable: true });
    Object.defineProperty(OsierError.prototype, BRAND, { value: true });
    osierError = (code, message, details, options) => {
      const { stackTraceLimit } = Error;
      // The stack is most of what an error costs: taken once, from the caller on. Where the limit cannot be changed, twice.
      const isOnce = Error.captureStackTrace !== undefined && Reflect.set(Error, 'stackTraceLimit', 0);
      const error = new OsierError(code, message, details, options);
      if (isOnce) Error.stackTraceLimit = stackTraceLimit;
      Error.captureStackTrace?.(error, osierError);
      return error;
    };
  }

  /** Also true for errors of another copy of this package or another realm. `switch (error.code)` then narrows `details`. */
  static is(error: unknown): error is AnyOsierError;
  static is<C extends OsierErrorCode>(error: unknown, code: C): error is OsierError<C>;
  static is(error: unknown, code?: OsierErrorCode): boolean {
    if (typeof error !== 'object' || error === null || !(BRAND in error)) return false;
    return code === undefined || ('code' in error && error.code === code);
  }
}

/** Every code as its own member, so that a comparison of `code` narrows `details`. */
export type AnyOsierError = { [C in OsierErrorCode]: OsierError<C> }[OsierErrorCode];

/** A bad option. `problem` completes the sentence "Option 'x' ...". */
export function invalidOption(option: string, problem: string): OsierError<'ERR_OSIER_INVALID_OPTION'> {
  const error = osierError('ERR_OSIER_INVALID_OPTION', `Option '${option}' ${problem}.`, { option });
  Error.captureStackTrace?.(error, invalidOption);
  return error;
}
