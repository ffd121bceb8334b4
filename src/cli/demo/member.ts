/** Another process of the demo, with a node of the same network, seen from the one that starts it. */
import { type ChildProcess, fork } from 'node:child_process';
import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeId } from '../../index.js';
import { CommandError, ExitCode } from '../exit-codes.js';

/** How long the other process may take to start, and to report. */
const TIMEOUT_MS = 30_000;

/** What the other process is to do. */
export interface MemberSettings {
  readonly listen: readonly string[];
  /** Addresses to connect to before it says that it listens. */
  readonly peers: readonly string[];
  /** Whether it forwards for others. */
  readonly relays: boolean;
  /** Where it stores files; without a folder it takes none. */
  readonly folder: string | null;
}

/** What the other process tells. */
export type MemberEvent =
  | { readonly event: 'listening'; readonly id: NodeId; readonly address: string }
  /** A file is stored; its bytes came at these monotonic times. */
  | { readonly event: 'received'; readonly blake2b: string; readonly arrivalsMs: readonly number[] }
  | { readonly event: 'failed'; readonly message: string };

/** Starts the process, hears what it tells, ends it. */
export class Member {
  private readonly child: ChildProcess;
  private readonly events: AsyncIterator<[MemberEvent]>;

  constructor(secret: string, settings: MemberSettings) {
    const env = { ...process.env, OSIER_SECRET: secret };
    this.child = fork(fileURLToPath(new URL('./member-process.js', import.meta.url)), [JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env,
    });
    this.events = on(this.child, 'message', { close: ['close'] }) as AsyncIterator<[MemberEvent]>;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** The next thing that the process tells, which must be `name`. */
  async next<N extends MemberEvent['event']>(name: N): Promise<Extract<MemberEvent, { event: N }>> {
    const timer = setTimeout(() => this.kill(), TIMEOUT_MS);
    const { value, done } = await this.events.next().finally(() => clearTimeout(timer));
    const event = done === true ? null : (value[0] as MemberEvent);
    if (event?.event === name) return event as Extract<MemberEvent, { event: N }>;
    const reason = event?.event === 'failed' ? `: ${event.message}` : '';
    throw new CommandError('ERR_CLI_RECEIVER', ExitCode.internal, `another process of the demo ended early${reason}; run the demo again.`);
  }

  /** Ends it without a chance to say goodbye. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}
