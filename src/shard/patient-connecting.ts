import type { TimedWaitOptions } from '../api/waiting.js';
import type { Runtime } from '../engine/runtime.js';
import { OsierError } from '../errors/index.js';
import { formatAddress, type NodeAddress } from '../identity/index.js';
import { countdown, Deadline, timedOut, WAIT_TIMEOUT_MS } from '../peer/index.js';
import { Waiters } from '../stream/index.js';
import type { RemotePeer } from './remote-peer.js';
import type { ConnectRequest, ShardDirectory } from './shard-directory.js';
import { STUCK_AFTER_MS } from './shard-errors.js';

/**
 * Connects within the caller's patience, whatever becomes of the shards meanwhile: one that is being started again is waited for, so that whoever tries again
 * at once does not keep this thread from starting it; one that is stuck is given up.
 */
export class PatientConnecting {
  readonly #runtime: Runtime;
  readonly #directory: ShardDirectory;
  readonly #waiters = new Waiters<void>();
  /** Starts and deaths of shards so far. */
  #changes = 0;
  #closedBy: OsierError | null = null;

  constructor(runtime: Runtime, directory: ShardDirectory) {
    this.#runtime = runtime;
    this.#directory = directory;
  }

  /** A shard was started, or died. */
  onChange(): void {
    this.#changes++;
    this.#waiters.resolveAll();
  }

  /** What waits, or would, fails with `error`. */
  close(error: OsierError): void {
    this.#closedBy = error;
    this.#waiters.rejectAll(error);
  }

  /** Errors: as {@link MeshNode.connect}; SHARD_FAILED when a shard that it needs is not back in time. */
  async connect(address: NodeAddress, request: ConnectRequest): Promise<RemotePeer> {
    const timeoutMs = request.timeoutMs ?? WAIT_TIMEOUT_MS;
    const left = countdown(this.#runtime, timeoutMs);
    // The shard's own deadline comes first.
    const patience = { signal: request.signal, timeoutMs: timeoutMs === 0 ? 0 : timeoutMs + STUCK_AFTER_MS };
    const deadline = new Deadline(this.#runtime, patience, () => timedOut(formatAddress(address), timeoutMs, []));
    try {
      for (;;) {
        if (this.#closedBy !== null) throw this.#closedBy;
        const changes = this.#changes;
        try {
          return await this.#directory.connect(address, { ...request, timeoutMs: left(), signal: deadline.signal });
        } catch (error) {
          if (!OsierError.is(error, 'ERR_OSIER_SHARD_FAILED')) throw error;
          if (changes === this.#changes) await this.#change(error, { timeoutMs: left(), signal: request.signal });
        }
      }
    } finally {
      deadline.dispose();
    }
  }

  /** Rejects with `error` when nothing changes in time. */
  async #change(error: OsierError, options: TimedWaitOptions): Promise<void> {
    const deadline = new Deadline(this.#runtime, options, () => error);
    try {
      await this.#waiters.wait(deadline.signal);
    } finally {
      deadline.dispose();
    }
  }
}
