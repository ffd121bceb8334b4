/** `error` itself with the seed in its message; what is no error, or cannot be changed, becomes the cause of one. */
export function withSeed(seed: string, error: unknown): unknown {
  const hint = `[repeat with OSIER_SEED=${seed}]`;
  if (error instanceof Error && error.message.includes(hint)) return error;
  if (error instanceof Error && addTo(error, hint)) return error;
  return new Error(`The program on the virtual network failed. ${hint}`, { cause: error });
}

function addTo(error: Error, hint: string): boolean {
  const { message, stack } = error;
  try {
    error.message = message === '' ? hint : `${message} ${hint}`;
    // The stack begins with the message as it was.
    if (stack?.includes(message)) error.stack = stack.replace(message, () => error.message);
    return true;
  } catch {
    return false;
  }
}
