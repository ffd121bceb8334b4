/**
 * Runs code of the application in the middle of ours. What it throws surfaces as an uncaught exception of its own, as from any event listener, and
 * leaves our state whole.
 */
export function safely(run: () => void): void {
  try {
    run();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
