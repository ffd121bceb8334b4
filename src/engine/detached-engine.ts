import { type BatchListener, type Engine, type EngineConfig, PATH_RECORD_BYTES, type PathRecord } from './engine.js';
import { loadAddon } from './load-addon.js';
import { NO_SHARDS, type ShardMethods } from './no-shards.js';

/** What a driver puts around a detached engine to make it whole. */
export type Transport = Pick<Engine, 'bind' | 'pathTo' | 'flush' | 'setRef' | 'close' | 'info'>;

/**
 * The addon's engine without sockets, loop and clock. Whoever drives it hands in time and datagrams and takes datagrams out. Times are microseconds of the
 * engine's clock.
 */
export interface DetachedEngine extends Omit<Engine, 'bind' | 'pathTo' | 'flush' | 'setRef' | keyof ShardMethods> {
  /** Moves a handed-in clock on; it never goes back. Does nothing to the machine's. */ setTime(nowMicros: number): void;
  /** Takes a train in: datagrams of `segmentSize` bytes, the last one of at most that. Decrypts it where it lies. */
  receive(path: PathRecord, train: Uint8Array, segmentSize: number, ecn: number): void;
  /** Writes the next train, after a head of {@link TRAIN_HEAD_BYTES}, into at least {@link TRAIN_ROOM_BYTES}. Its length; 0: nothing may be sent now. */
  transmit(out: Uint8Array): number;
  /** The engine's time. */ now(): number;
  /** When {@link handleTimeout} will have something to do; -1: never. */ timeout(): number;
  /** Does what is due. Returns the engine's time. */ handleTimeout(): number;
  /** Tells the listener one batch. False: there was nothing to tell. */ deliver(): boolean;
  /** What carries the datagrams cannot go on: the listener is told in the next turn, and the engine closes. At most 1,024 bytes. */
  fail(message: string): void;
  pathRecord(socket: number, host: string, port: number): PathRecord;
  /** Where packets of a path go, and from which socket. */
  pathAddress(path: PathRecord): { readonly socket: number; readonly host: string; readonly port: number };
}

/** How a detached engine is made: `null` for the machine's own randomness and clock. */
export interface Surroundings {
  /** Called when something is there to be sent or told outside of a turn; once until {@link DetachedEngine.deliver}. Must not throw. */
  readonly wake: () => void;
  /** 32 bytes. */ readonly seed: Uint8Array | null;
  readonly startMicros: number | null;
  /** The time by a handed-in clock, read before every call; without it, whoever drives the engine calls {@link DetachedEngine.setTime}. */
  readonly nowMicros?: () => number;
}

/** Before a train: its path record, segment size (u32) and ECN codepoint (u32). */
export const TRAIN_HEAD_BYTES = PATH_RECORD_BYTES + 8;

/** Room for the longest train with its head. */
export const TRAIN_ROOM_BYTES = TRAIN_HEAD_BYTES + 65_507;

/** Throws INTERNAL where the addon is missing. */
export function createDetachedEngine(
  config: EngineConfig,
  listener: BatchListener,
  { wake, seed, startMicros, nowMicros }: Surroundings,
): DetachedEngine {
  const { DetachedEngine } = loadAddon();
  const detached = new DetachedEngine(config, listener, wake, seed, startMicros);
  return nowMicros === undefined ? detached : onClock(detached, nowMicros);
}

type Method = (...args: unknown[]) => unknown;

/** `detached`, told the time before a call when it has moved on. */
function onClock(detached: DetachedEngine, nowMicros: () => number): DetachedEngine {
  const { setTime } = detached;
  let toldMicros = Number.NEGATIVE_INFINITY;
  const timely = (method: Method): Method => {
    return (...args) => {
      const micros = nowMicros();
      if (micros !== toldMicros) {
        toldMicros = micros;
        setTime.call(detached, micros);
      }
      return method.apply(detached, args);
    };
  };
  const methods = Object.entries(Object.getOwnPropertyDescriptors(detached)).filter(([, { value }]) => typeof value === 'function');
  return Object.create(
    detached,
    Object.fromEntries(methods.map(([name, { value }]) => [name, { value: timely(value as Method) }])),
  ) as DetachedEngine;
}

/** The whole engine: `transport` around `detached`, whose methods need no receiver. */
export function engineOn(detached: DetachedEngine, transport: Transport): Engine {
  return Object.create(detached, Object.getOwnPropertyDescriptors({ ...NO_SHARDS, ...transport })) as Engine;
}
