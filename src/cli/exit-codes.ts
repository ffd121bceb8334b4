/** What the command's exit code says. docs/cli.md holds the same table. */
import { OsierError, type OsierErrorCode } from '../index.js';

/** The exit codes of `osier`. 128 + n, as everywhere, for a signal n. */
export const ExitCode = {
  success: 0,
  /** A fault in Osier, or something that has no code of its own. */
  internal: 1,
  /** The command line: unknown option, bad address, bad id. */
  usage: 2,
  /** This machine: key file, file to send, folder, port in use. */
  local: 3,
  /** Nobody answered. */
  unreachable: 4,
  /** Somebody answered, and said no. */
  refused: 5,
  /** It began, and broke off. */
  interrupted: 6,
} as const;

/** One of {@link ExitCode}'s numbers. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error of the command itself; its message is one line that says what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** Stable name for `--json`. */
  readonly code: string;
  readonly exitCode: ExitCode;

  constructor(code: string, exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = exitCode;
  }
}

/** The error for a file that cannot be opened; keeps the system's code. */
export function cannotOpen(path: string, cause: NodeJS.ErrnoException): CommandError {
  const reason = /^\w+: ([^,]+)/.exec(cause.message)?.[1] ?? cause.message;
  return new CommandError(cause.code ?? 'ERR_CLI_FILE', ExitCode.local, `cannot open ${path}: ${reason}; check the name and who may read it.`, {
    cause,
  });
}

const BY_ERROR_CODE: Partial<Record<OsierErrorCode, ExitCode>> = {
  ERR_OSIER_INVALID_OPTION: ExitCode.usage,
  ERR_OSIER_BAD_ID: ExitCode.usage,
  ERR_OSIER_BAD_ADDRESS: ExitCode.usage,
  ERR_OSIER_BAD_IDENTITY: ExitCode.local,
  ERR_OSIER_LISTEN_FAILED: ExitCode.local,
  ERR_OSIER_LIMIT: ExitCode.local,
  ERR_OSIER_UNRESOLVED: ExitCode.unreachable,
  ERR_OSIER_UNREACHABLE: ExitCode.unreachable,
  ERR_OSIER_TIMEOUT: ExitCode.unreachable,
  ERR_OSIER_UDP_BLOCKED: ExitCode.unreachable,
  ERR_OSIER_INCOMPATIBLE: ExitCode.refused,
  ERR_OSIER_REFUSED: ExitCode.refused,
  ERR_OSIER_REVOKED: ExitCode.refused,
  ERR_OSIER_NO_HANDLER: ExitCode.refused,
  ERR_OSIER_KIND_MISMATCH: ExitCode.refused,
  ERR_OSIER_PEER_RESTARTED: ExitCode.interrupted,
  ERR_OSIER_PEER_LOST: ExitCode.interrupted,
  ERR_OSIER_PEER_CLOSED: ExitCode.interrupted,
  ERR_OSIER_STREAM_RESET: ExitCode.interrupted,
  ERR_OSIER_STREAM_STOPPED: ExitCode.interrupted,
};

/** Errors of the file system that a person can do something about. */
const LOCAL_ERRNO = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'EROFS', 'EMFILE', 'EDQUOT']);

/** An error as the command tells it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
}

/** Reads any error: its code, one line about it, and the exit code. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommandError) return { code: error.code, message: oneLine(error.message), exitCode: error.exitCode };
  if (OsierError.is(error)) {
    return { code: error.code, message: oneLine(error.message), exitCode: BY_ERROR_CODE[error.code] ?? ExitCode.internal };
  }
  const { code = 'ERR_INTERNAL', message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  return { code, message: oneLine(message), exitCode: LOCAL_ERRNO.has(code) ? ExitCode.local : ExitCode.internal };
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, ' ');
}
