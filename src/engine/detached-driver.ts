/** Does for a detached engine what the event loop does for the native one: turns of receiving, telling and sending, and its timer. */
import { textOf } from '../errors/text-of.js';
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

/** How often timers wait for what has arrived, as long as there was something each time: not for ever, on sockets that never run dry. */
const POLLS_BEFORE_TIMERS_MAX = 64;

/** Characters of a fault's message. */
const FAULT_LENGTH_MAX = 256;

/** One train that leaves. Its bytes are valid until {@link Carrier.send} returns. */
export interface Train {
  readonly path: PathRecord;
  readonly bytes: Uint8Array;
  /** Bytes of every datagram but the last, which may be shorter. */ readonly segmentBytes: number;
  readonly ecn: number;
}

/** What carries a driver's datagrams and wakes it. */
export interface Carrier extends Pick<Transport, 'bind' | 'pathTo' | 'setRef' | 'info'> {
  /** What has arrived may lie in a socket until a callback of {@link Carrier.scheduleTurn} that was asked for since. */ readonly polls: boolean;
  /** Called once, before anything else. */ attach(driver: DetachedDriver): void;
  /** Sends what it can, or keeps it; the last words before {@link Carrier.close} also when there is no room. */ send(train: Train): void;
  /** Whether more may be sent now; {@link DetachedDriver.turn} is called when it may again. */ hasRoom(): boolean;
  /** Calls back soon, in a turn of its own. */ scheduleTurn(callback: () => void): void;
  /** Calls back when the engine's clock shows `atMicros`, now being `nowMicros`; replaces what was asked for before. */
  setTimer(atMicros: number, nowMicros: number, callback: () => void): void;
  /** Frees the timer, and the sockets as soon as they have sent what they were given. */ close(): void;
}

/** See the file's head. A fault in what it is called for ends the engine, and is told as {@link EventKind.engineFailed}; nothing is thrown. */
export class DetachedDriver {
  readonly engine: Engine;
  readonly detached: DetachedEngine;
  readonly #carrier: Carrier;
  readonly #room = new Uint8Array(TRAIN_ROOM_BYTES);
  readonly #head = new DataView(this.#room.buffer, 0, TRAIN_HEAD_BYTES);
  #isDelivering = false;
  #isScheduled = false;
  #isClosed = false;
  /** A poll of the sockets was asked for, and is not over. */
  #isPolling = false;
  /** The present turn follows such a poll. */
  #hasPolled = false;
  #polls = 0;
  /** Something came since the last poll began. */
  #hasReceived = false;
  #timerMicros = Number.POSITIVE_INFINITY;

  constructor(config: EngineConfig, listener: BatchListener, carrier: Carrier, origin: Omit<Surroundings, 'wake'>) {
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
    if (this.#isClosed) return;
    this.#hasReceived = true;
    this.#guard(() => this.detached.receive(path, train, segmentBytes, ecn));
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
    this.#guard(() => {
      this.#runTimers();
      let batches = 0;
      let hasMore = true;
      while (hasMore && batches++ < BATCHES_A_TURN_MAX && !this.#isClosed) {
        const told = this.#deliver();
        hasMore = this.#send() || told;
      }
      if (hasMore) this.schedule();
      this.#setTimer();
    });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.detached.fail(`a fault in the driver: ${textOf(error)}`.slice(0, FAULT_LENGTH_MAX));
    }
  }

  /** Does what is due, after what has arrived: an answer that lies in a socket is not late. */
  #runTimers(): void {
    if (!this.#carrier.polls || this.#hasPolled) this.detached.handleTimeout();
    else if (this.#isDue()) this.#poll();
  }

  #isDue(): boolean {
    const dueMicros = this.detached.timeout();
    return dueMicros >= 0 && dueMicros <= this.detached.now();
  }

  #poll(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#hasReceived = false;
    this.#carrier.scheduleTurn(() => {
      this.#isPolling = false;
      if (this.#isClosed) return;
      if (this.#hasReceived && ++this.#polls < POLLS_BEFORE_TIMERS_MAX && this.#isDue()) {
        this.#poll();
        return;
      }
      this.#polls = 0;
      this.#hasPolled = true;
      this.turn();
      this.#hasPolled = false;
    });
  }

  #deliver(): boolean {
    this.#isDelivering = true;
    try {
      return this.detached.deliver();
    } finally {
      this.#isDelivering = false;
    }
  }

  /** Sends for one turn; true when there is more that may be sent now. `areLast`: also without room. */
  #send(areLast = false): boolean {
    for (let trains = 0; trains < TRAINS_A_TURN_MAX; trains++) {
      if (this.#isClosed || (!areLast && !this.#carrier.hasRoom())) return false;
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
    // After a poll there is a turn.
    if (this.#isClosed || this.#isPolling) return;
    const dueMicros = this.detached.timeout();
    // An earlier firing is left: it costs one empty turn.
    if (dueMicros < 0 || dueMicros >= this.#timerMicros) return;
    this.#timerMicros = dueMicros;
    this.#carrier.setTimer(dueMicros, this.detached.now(), () => {
      this.#timerMicros = Number.POSITIVE_INFINITY;
      this.turn();
    });
  }

  #flush(): void {
    if (this.#isDelivering || this.#isClosed) return;
    this.#guard(() => {
      this.#runTimers();
      if (this.#send()) this.schedule();
      this.#setTimer();
    });
  }

  #close(): void {
    if (this.#isClosed) return;
    // What is pending goes out first, such as the word to the peers; a turn's worth at a time, and not for ever.
    this.#guard(() => {
      for (let turns = 0; turns < BATCHES_A_TURN_MAX && this.#send(true); turns++);
    });
    this.#isClosed = true;
    this.detached.close();
    this.#carrier.close();
  }
}
