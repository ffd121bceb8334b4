import { type OsierError, osierError } from '../errors/index.js';
import type { PeerContext } from './context.js';

/** Between two warnings of one code. */
const QUIET_MS = 60_000;

interface Told {
  readonly atMs: number;
  /** Since then. */ leftOut: number;
}

/** Warnings that others can cause as often as they like: one a minute of each code, which says how many were left out before it. */
export class RareWarnings {
  readonly #context: Pick<PeerContext, 'runtime' | 'warn'>;
  readonly #told = new Map<string, Told>();

  constructor(context: Pick<PeerContext, 'runtime' | 'warn'>) {
    this.#context = context;
  }

  warn(error: OsierError): void {
    const atMs = this.#context.runtime.clock.nowMs();
    const last = this.#told.get(error.code);
    if (last !== undefined && atMs - last.atMs < QUIET_MS) {
      last.leftOut++;
      return;
    }
    this.#told.set(error.code, { atMs, leftOut: 0 });
    this.#context.warn(last === undefined || last.leftOut === 0 ? error : counted(error, last.leftOut));
  }
}

function counted({ code, message, details, cause }: OsierError, leftOut: number): OsierError {
  return osierError(code, `${message} (${leftOut} more like this since the last such warning.)`, details, { cause });
}
