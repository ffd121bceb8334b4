import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Carrier, DetachedDriver, type Train } from '../../../src/engine/detached-driver.js';
import type { EngineConfig, EngineInfo, PathRecord, SessionConfig } from '../../../src/engine/engine.js';
import { EventKind, RECORD_WORDS } from '../../../src/engine/events.js';
import { ENGINE_CONFIG } from '../support/engine-config.js';

const PEER_LOST_MICROS = 2_000_000;
const CONFIG: EngineConfig = { ...ENGINE_CONFIG, peerLostAfterMicros: PEER_LOST_MICROS };
const START_MICROS = 1_000_000;
/** A packet that closes, and pads nothing. */
const CLOSE_BYTES_MAX = 200;

/** Carries nothing by itself: a test runs the loop by hand. */
class HandCarrier implements Carrier {
  polls = true;
  isFull = false;
  fault: Error | null = null;
  closes = 0;
  readonly sent: Uint8Array[] = [];
  /** What is to be called after the next poll of the sockets. */
  turns: (() => void)[] = [];
  timer: (() => void) | null = null;

  attach(): void {}
  bind(_host: string, port: number): { socket: number; port: number } {
    return { socket: 0, port };
  }
  pathTo(): PathRecord {
    throw new Error('not here');
  }
  setRef(): void {}
  info(): EngineInfo {
    return { kind: 'dgram', features: [], receiveBufferBytes: 0, sendBufferBytes: 0, reasons: [] };
  }
  hasRoom(): boolean {
    return !this.isFull;
  }
  send({ bytes }: Train): void {
    if (this.fault !== null) throw this.fault;
    this.sent.push(Uint8Array.from(bytes));
  }
  scheduleTurn(callback: () => void): void {
    this.turns.push(callback);
  }
  setTimer(_atMicros: number, _nowMicros: number, callback: () => void): void {
    this.timer = callback;
  }
  close(): void {
    this.closes++;
  }

  /** The check phase of the loop: what was asked for by now. */
  check(): void {
    for (const turn of this.turns.splice(0)) turn();
  }
}

interface End {
  readonly carrier: HandCarrier;
  readonly driver: DetachedDriver;
  readonly kinds: number[];
  readonly texts: string[];
  readonly index: number;
  readonly association: number;
}

function makeEnd(parity: 0 | 1): End {
  const kinds: number[] = [];
  const texts: string[] = [];
  const carrier = new HandCarrier();
  const onBatch = (records: number): void => {
    const { events, bytes } = driver.engine;
    for (let at = 0; at < records * RECORD_WORDS; at += RECORD_WORDS) {
      kinds.push(events[at] ?? 0);
      const offset = events[at + 3] ?? 0;
      texts.push(new TextDecoder().decode(bytes.subarray(offset, offset + (events[at + 4] ?? 0))));
    }
  };
  const driver: DetachedDriver = new DetachedDriver(CONFIG, onBatch, carrier, {
    seed: new Uint8Array(32).fill(parity + 1),
    startMicros: START_MICROS,
  });
  onTestFinished(() => {
    carrier.fault = null;
    driver.engine.close();
  });
  const { engine } = driver;
  const index = engine.reserveIndex(new Uint8Array(32).fill(9));
  const association = engine.createAssociation({ parity, peerMaxData: 48 << 10, peerMaxStreamData: 48 << 10, peerMaxStreams: 8 });
  return { carrier, driver, kinds, texts, index, association };
}

function install(own: End, other: End, sendByte: number, receiveByte: number): void {
  const session: SessionConfig = {
    localIndex: own.index,
    remoteIndex: other.index,
    cipher: 0,
    sendKey: new Uint8Array(32).fill(sendByte),
    receiveKey: new Uint8Array(32).fill(receiveByte),
    firstSend: 0n,
    firstReceive: 0n,
    path: own.driver.detached.pathRecord(0, '10.0.0.9', 7_400),
    begunHere: true,
    confirmed: true,
    preferred: true,
  };
  own.driver.engine.installSession(own.association, session);
}

/** Hands what one end has sent to the other. */
function carry(from: End, to: End): void {
  for (const train of from.carrier.sent.splice(0)) {
    to.driver.receive(to.driver.detached.pathRecord(0, '10.0.0.9', 7_400), train, train.length, 0);
  }
}

let first: End;
let second: End;

beforeEach(() => {
  [first, second] = [makeEnd(0), makeEnd(1)];
  install(first, second, 1, 2);
  install(second, first, 2, 1);
});

/** Has both ends do what they can at the present time. */
function settle(): void {
  for (let round = 0; round < 10; round++) {
    for (const { carrier, driver } of [first, second]) {
      driver.turn();
      carrier.check();
    }
    carry(first, second);
    carry(second, first);
  }
}

function setTime(nowMicros: number): void {
  for (const { driver } of [first, second]) driver.detached.setTime(nowMicros);
}

describe('a process that was held up for longer than a peer may be silent', () => {
  const lateMicros = START_MICROS + 2 * PEER_LOST_MICROS;
  const isLost = (): boolean => first.kinds.includes(EventKind.associationClosed);

  /** The first end has asked something, and the answer lies in its socket, unread; when it was to come has passed. */
  function holdUp(): void {
    settle();
    first.driver.engine.ping(first.association, 7);
    first.driver.engine.flush();
    carry(first, second);
    second.driver.turn();
    expect(second.carrier.sent.length).toBeGreaterThan(0);
    first.carrier.turns = [];
    setTime(lateMicros);
  }

  test.each<[string, () => void]>([
    ['the timer', () => first.carrier.timer?.()],
    ['a turn', () => first.driver.turn()],
    ['a flush', () => first.driver.engine.flush()],
  ])('reads what has arrived before %s counts it as lost', (_what, begin) => {
    holdUp();
    begin();
    expect(isLost()).toBe(false);
    carry(second, first);
    while (first.carrier.turns.length > 0) first.carrier.check();
    expect(isLost()).toBe(false);
    expect(first.kinds).toContain(EventKind.pong);
  });

  test('reads on while there is something to read', () => {
    holdUp();
    const noise = new Uint8Array(40);
    const path = first.driver.detached.pathRecord(0, '10.0.0.9', 7_400);
    first.driver.turn();
    for (let phase = 0; phase < 10; phase++) {
      first.driver.receive(path, noise.slice(), noise.length, 0);
      first.carrier.check();
    }
    carry(second, first);
    while (first.carrier.turns.length > 0) first.carrier.check();
    expect(isLost()).toBe(false);
  });

  test('counts it as lost when nothing came, and on a socket that never runs dry as well', () => {
    holdUp();
    first.driver.turn();
    for (let phase = 0; phase < 3 && !isLost(); phase++) first.carrier.check();
    expect(isLost()).toBe(true);

    second.driver.engine.ping(second.association, 7);
    second.driver.engine.flush();
    setTime(lateMicros + 2 * PEER_LOST_MICROS);
    const path = second.driver.detached.pathRecord(0, '10.0.0.9', 7_400);
    second.driver.turn();
    for (let phase = 0; phase < 100 && !second.kinds.includes(EventKind.associationClosed); phase++) {
      second.driver.receive(path, new Uint8Array(40), 40, 0);
      second.carrier.check();
    }
    expect(second.kinds).toContain(EventKind.associationClosed);
  });

  test('has timers that fire at once where nothing can lie in a socket', () => {
    first.carrier.polls = false;
    holdUp();
    first.driver.turn();
    expect(isLost()).toBe(true);
  });
});

describe('a fault in the driver ends the engine, tells so, and throws nothing', () => {
  beforeEach(() => {
    settle();
    first.driver.engine.ping(first.association, 7);
  });

  test.each<[string, () => void]>([
    ['a turn', () => first.driver.turn()],
    ['a flush', () => first.driver.engine.flush()],
    ['the timer', () => first.carrier.timer?.()],
  ])('in %s', (_what, enter) => {
    first.carrier.fault = new Error('no such cable');
    setTime(START_MICROS + 50_000);
    enter();
    first.carrier.check();
    first.carrier.check();
    expect(first.kinds.at(-1)).toBe(EventKind.engineFailed);
    expect(first.texts.at(-1)).toContain('no such cable');
  });

  test('in a turn that was asked for, before anything was told', () => {
    const [turn] = first.carrier.turns.splice(0);
    Object.defineProperty(first.carrier, 'polls', {
      get: () => {
        throw new Error('no such cable');
      },
    });
    turn?.();
    Object.defineProperty(first.carrier, 'polls', { value: true });
    first.carrier.check();
    expect(first.kinds.at(-1)).toBe(EventKind.engineFailed);
  });

  test('in what arrives', () => {
    first.driver.receive(new Uint8Array(47), new Uint8Array(1), 1, 0);
    first.carrier.check();
    expect(first.kinds.at(-1)).toBe(EventKind.engineFailed);
  });
});

describe('a close', () => {
  test('tells the peer also where there is no room', () => {
    settle();
    first.carrier.isFull = true;
    first.driver.engine.closeAssociation(first.association, 0, new Uint8Array());
    first.driver.engine.close();
    expect(first.carrier.sent).toHaveLength(1);
    expect(first.carrier.sent[0]?.length).toBeLessThan(CLOSE_BYTES_MAX);
    carry(first, second);
    second.driver.turn();
    expect(second.kinds.at(-1)).toBe(EventKind.associationClosed);
  });

  test('frees the sockets also when nothing can be said', () => {
    settle();
    first.carrier.fault = new Error('no such cable');
    first.driver.engine.closeAssociation(first.association, 0, new Uint8Array());
    first.driver.engine.close();
    expect(first.carrier.closes).toBe(1);
  });
});
