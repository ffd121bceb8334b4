/** The receiving process, seen from the one that starts it. */
import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CommandError, ExitCode } from '../exit-codes.js';

/** How long the other process may take to start, and to report. */
const TIMEOUT_MS = 30_000;

/** What the other process tells. */
export type ReceiverEvent =
  | { readonly event: 'listening'; readonly address: string }
  | { readonly event: 'received'; readonly blake2b: string }
  | { readonly event: 'failed'; readonly message: string };

/** Starts the process, hears what it tells, ends it. */
export class Receiver {
  private readonly child: ChildProcess;
  private readonly events: AsyncIterator<[ReceiverEvent]>;

  /** It stores files in `folder`. */
  constructor(folder: string, secret: string) {
    const env = { ...process.env, OSIER_SECRET: secret };
    this.child = fork(fileURLToPath(new URL('./receiving-process.js', import.meta.url)), [folder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env,
    });
    this.events = on(this.child, 'message', { close: ['close'] }) as AsyncIterator<[ReceiverEvent]>;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The next thing that the process tells, which must be `name`. */
  async next<N extends ReceiverEvent['event']>(name: N): Promise<Extract<ReceiverEvent, { event: N }>> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), TIMEOUT_MS);
    const { value, done } = await this.events.next().finally(() => clearTimeout(timer));
    const event = done === true ? null : (value[0] as ReceiverEvent);
    if (event?.event === name) return event as Extract<ReceiverEvent, { event: N }>;
    const reason = event?.event === 'failed' ? `: ${event.message}` : '';
    throw new CommandError('ERR_CLI_RECEIVER', ExitCode.internal, `the receiving process ended early${reason}; run the demo again.`);
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }
}
