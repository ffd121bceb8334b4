import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../../api/peers.js';
import type { Runtime, Timer } from '../../engine/runtime.js';
import type { NodeId } from '../../identity/index.js';
import { QlogTrace } from './qlog-trace.js';

/** Traces that one node writes at once; associations beyond that are not traced. */
const OPEN_MAX = 256;
/** Files that one node makes in its life. */
const FILES_MAX = 4_096;
/** Time between two looks at the levels. */
const METRICS_INTERVAL_MS = 1_000;
const SHORT_ID_CHARACTERS = 8;

/** What a node needs of the world to write traces. */
export type QlogRuntime = Pick<Runtime, 'clock' | 'wallClockMs' | 'setTimer' | 'atEndOfTick'>;

/** `peer` is `null` until it is connected. */
interface OpenTrace {
  readonly trace: QlogTrace;
  peer: Peer | null;
}

/** The traces of one node: a file for each association, in the folder that QLOGDIR names. */
export class QlogDirectory {
  readonly #folder: string;
  readonly #id: NodeId;
  readonly #runtime: QlogRuntime;
  readonly #onFault: (error: Error) => void;
  readonly #open = new Map<NodeId, OpenTrace>();
  #files = 0;
  #timer: Timer | null = null;
  #isOver = false;

  /** `onFault` hears of what the disk refuses; the association goes on without a trace. */
  constructor(folder: string, id: NodeId, runtime: QlogRuntime, onFault: (error: Error) => void) {
    this.#folder = folder;
    this.#id = id;
    this.#runtime = runtime;
    this.#onFault = onFault;
    this.#attempt(() => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  }

  /** An association of `id` begins, unless it has begun already. */
  begin(id: NodeId, peer: Peer | null): void {
    const present = this.#open.get(id);
    if (present !== undefined) {
      present.peer ??= peer;
      return;
    }
    if (this.#isOver || this.#open.size >= OPEN_MAX || this.#files >= FILES_MAX) return;
    this.#attempt(() => {
      const trace = new QlogTrace(this.#runtime, { local: this.#id, peer: id, path: this.#pathFor(id) }, this.#onFault);
      this.#open.set(id, { trace, peer });
    });
    this.#timer ??= this.#runtime.setTimer(METRICS_INTERVAL_MS, this.#lookAtAll);
  }

  /** The trace of the present association of `id`, if it has one. */
  traceOf(id: NodeId): QlogTrace | null {
    return this.#open.get(id)?.trace ?? null;
  }

  /** The association of `id` ended. Its trace takes what its streams, which end in the same tick, have to say. */
  end(id: NodeId): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.#look(open);
    this.#runtime.atEndOfTick(() => open.trace.end());
  }

  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const id of this.#open.keys()) this.end(id);
  }

  readonly #lookAtAll = (): void => {
    this.#timer = null;
    for (const open of this.#open.values()) this.#look(open);
    if (this.#open.size > 0) this.#timer = this.#runtime.setTimer(METRICS_INTERVAL_MS, this.#lookAtAll);
  };

  #look({ trace, peer }: OpenTrace): void {
    if (peer !== null) this.#attempt(() => trace.metrics(peer));
  }

  #pathFor(peer: NodeId): string {
    this.#files++;
    const time = new Date(this.#runtime.wallClockMs()).toISOString().replace(/[-:]/g, '');
    const names = [this.#id, peer].map((id) => id.slice(0, SHORT_ID_CHARACTERS));
    return join(this.#folder, `${[time, ...names, process.pid, this.#files].join('-')}.sqlog`);
  }

  #attempt(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onFault(error as Error);
    }
  }
}
