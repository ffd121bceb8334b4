/** Does for a detached engine what the event loop does for the native one: turns of receiving, telling and sending, and its timer. */
import {
  createDetachedEngine,
  type DetachedEngine,
  engineOn,
  type Surroundings,
  TRAIN_HEAD_BYTES,
  TRAIN_ROOM_BYTES,
  type Transport,
} from './detached-engine.js';
import { type BatchListener, type Engine, type EngineConfig, PATH_RECORD_BYTES, type PathRecord } from './engine.js';
import { requireUnshared } from './no-shards.js';

/** Batches told in one turn; more wait for the next, so that others have theirs. */
const BATCHES_A_TURN_MAX = 16;

/** Trains sent in one turn. */
const TRAINS_A_TURN_MAX = 64;

/** One train that leaves. Its bytes are valid until {@link Carrier.send} returns. */
export interface Train {
  readonly path: PathRecord;
  readonly bytes: Uint8Array;
  /** Bytes of every datagram but the last, which may be shorter. */ readonly segmentBytes: number;
  readonly ecn: number;
}

/** What carries a driver's datagrams and wakes it. */
export interface Carrier extends Pick<Transport, 'bind' | 'pathTo' | 'setRef' | 'info'> {
  /** Called once, before anything else. */ attach(driver: DetachedDriver): void;
  send(train: Train): void;
  /** Whether more may be sent now; {@link DetachedDriver.turn} is called when it may again. */ hasRoom(): boolean;
  /** Calls back soon, in a turn of its own. */ scheduleTurn(callback: () => void): void;
  /** Calls back when the engine's clock shows `atMicros`, now being `nowMicros`; replaces what was asked for before. */
  setTimer(atMicros: number, nowMicros: number, callback: () => void): void;
  /** Frees the sockets and the timer. */ close(): void;
}

/** See the file's head. */
export class DetachedDriver {
  readonly engine: Engine;
  readonly detached: DetachedEngine;
  readonly #carrier: Carrier;
  readonly #room = new Uint8Array(TRAIN_ROOM_BYTES);
  readonly #head = new DataView(this.#room.buffer, 0, TRAIN_HEAD_BYTES);
  #isDelivering = false;
  #isScheduled = false;
  #isClosed = false;
  #timerMicros = Number.POSITIVE_INFINITY;

  constructor(config: EngineConfig, listener: BatchListener, carrier: Carrier, origin: Pick<Surroundings, 'seed' | 'startMicros'>) {
    this.detached = createDetachedEngine(config, listener, { wake: () => this.schedule(), ...origin });
    this.#carrier = carrier;
    this.engine = engineOn(this.detached, {
      bind: (host, port, sharesPort) => {
        requireUnshared(sharesPort);
        return carrier.bind(host, port);
      },
      pathTo: (host, port) => carrier.pathTo(host, port),
      setRef: (referenced) => carrier.setRef(referenced),
      info: () => carrier.info(),
      flush: () => this.#flush(),
      close: () => this.#close(),
    });
    carrier.attach(this);
  }

  /** A train has arrived; a turn should follow. Its bytes are used up. */
  receive(path: PathRecord, train: Uint8Array, segmentBytes: number, ecn: number): void {
    if (!this.#isClosed) this.detached.receive(path, train, segmentBytes, ecn);
  }

  /** Asks for a turn soon. */
  schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    this.#carrier.scheduleTurn(() => this.turn());
  }

  /** Does what is due, tells what happened, and sends what came of both. */
  turn(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    this.detached.handleTimeout();
    let batches = 0;
    let hasMore = true;
    while (hasMore && batches++ < BATCHES_A_TURN_MAX && !this.#isClosed) {
      const told = this.#deliver();
      hasMore = this.#send() || told;
    }
    if (hasMore) this.schedule();
    this.#setTimer();
  }

  #deliver(): boolean {
    this.#isDelivering = true;
    try {
      return this.detached.deliver();
    } finally {
      this.#isDelivering = false;
    }
  }

  /** Sends for one turn; true when there is more that may be sent now. */
  #send(): boolean {
    for (let trains = 0; trains < TRAINS_A_TURN_MAX; trains++) {
      if (this.#isClosed || !this.#carrier.hasRoom()) return false;
      const byteCount = this.detached.transmit(this.#room);
      if (byteCount === 0) return false;
      this.#carrier.send({
        path: this.#room.subarray(0, PATH_RECORD_BYTES),
        bytes: this.#room.subarray(TRAIN_HEAD_BYTES, TRAIN_HEAD_BYTES + byteCount),
        segmentBytes: this.#head.getUint32(PATH_RECORD_BYTES, true),
        ecn: this.#head.getUint32(PATH_RECORD_BYTES + 4, true),
      });
    }
    return true;
  }

  #setTimer(): void {
    if (this.#isClosed) return;
    const dueMicros = this.detached.timeout();
    // An earlier firing is left: it costs one empty turn.
    if (dueMicros < 0 || dueMicros >= this.#timerMicros) return;
    this.#timerMicros = dueMicros;
    this.#carrier.setTimer(dueMicros, this.detached.handleTimeout(), () => {
      this.#timerMicros = Number.POSITIVE_INFINITY;
      this.turn();
    });
  }

  #flush(): void {
    if (this.#isDelivering || this.#isClosed) return;
    this.detached.handleTimeout();
    if (this.#send()) this.schedule();
    this.#setTimer();
  }

  #close(): void {
    if (this.#isClosed) return;
    // What is pending goes out first, such as the word to the peers; a turn's worth at a time, and not for ever.
    for (let turns = 0; turns < BATCHES_A_TURN_MAX && this.#send(); turns++);
    this.#isClosed = true;
    this.detached.close();
    this.#carrier.close();
  }
}
