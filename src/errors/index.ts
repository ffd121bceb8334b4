/** The one error class, its closed table of codes, and how they are made. */
export type { CloseCode, NoDetails, OsierErrorCode, OsierErrorDetails } from './codes.js';
export { type AnyOsierError, invalidOption, OsierError, osierError } from './osier-error.js';
