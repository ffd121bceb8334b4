import { OsierError } from '../../../src/errors/index.js';

/** The code of what `run` throws; 'nothing' when it does not throw. Rethrows what is no OsierError. */
export function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (OsierError.is(error)) return error.code;
    throw error;
  }
  return 'nothing';
}

/** As {@link codeOf}, for a promise. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (OsierError.is(error)) return error.code;
    throw error;
  }
  return 'nothing';
}
