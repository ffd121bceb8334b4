/** What a thrown value says, for a message. Never throws, whatever was thrown. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? String(thrown.message) : String(thrown);
  } catch {
    return 'a value that cannot be shown';
  }
}
