import type { CloseReport } from '../api/waiting.js';
import type { OsierError } from '../errors/index.js';
import { closeNumber, nodeClosed, type PeerTable } from '../peer/index.js';

/** What ends with a node beside its peers. */
export interface NodeClosingListener {
  /** Nothing begins any more: what waits for that fails with `error`. Called once. */
  onClosing(error: OsierError): void;
  /** All peers are closed. `failure` ended the node; `null` for a close that somebody asked for. Called once; resolves when nothing is left of it. */
  onPeersClosed(failure: OsierError | null): Promise<void>;
}

/** The one end of a node, asked for or by a failure: its peers first, then the rest. */
export class NodeClosing {
  readonly #peers: PeerTable;
  readonly #listener: NodeClosingListener;
  #closedBy: OsierError | null = null;
  #report: Promise<CloseReport> | null = null;
  #failure: OsierError | null = null;

  constructor(peers: PeerTable, listener: NodeClosingListener) {
    this.#peers = peers;
    this.#listener = listener;
  }

  /** Why nothing new may begin; `null` while the node is open. */
  get closedBy(): OsierError | null {
    return this.#closedBy;
  }

  /** Begins, or leads to the close that is going on. */
  begin(timeoutMs: number, reason: Uint8Array): Promise<CloseReport> {
    if (this.#report !== null) return this.#report;
    // Whoever hears of its first steps may close it as well.
    let settle: (report: Promise<CloseReport>) => void = () => {};
    this.#report = new Promise((resolve) => {
      settle = resolve;
    });
    settle(this.#close(timeoutMs, reason));
    return this.#report;
  }

  /** Ends the node at once. */
  fail(error: OsierError): void {
    this.#failure ??= error;
    const nothing = new Uint8Array(0);
    if (this.#report === null) void this.begin(0, nothing);
    // A close that is going on waits no longer.
    else this.#closePeers(error, 0, nothing);
  }

  async #close(timeoutMs: number, reason: Uint8Array): Promise<CloseReport> {
    this.#closedBy = nodeClosed(this.#failure);
    this.#listener.onClosing(this.#closedBy);
    const reports = await Promise.all(this.#closePeers(this.#closedBy, timeoutMs, reason));
    await this.#listener.onPeersClosed(this.#failure);
    return reports.reduce(joined, { status: 'drained' });
  }

  #closePeers(error: OsierError, timeoutMs: number, reason: Uint8Array): Promise<CloseReport>[] {
    const cause = { error, notice: { closeCode: closeNumber('shutdown'), reason }, stateError: this.#failure };
    return this.#peers.values().map((peer) => peer.closeWith(timeoutMs, cause));
  }
}

function joined(a: CloseReport, b: CloseReport): CloseReport {
  if (a.status === 'drained') return b;
  if (b.status === 'drained') return a;
  return { status: 'cut', streams: a.streams + b.streams, unacknowledgedBytes: a.unacknowledgedBytes + b.unacknowledgedBytes };
}
