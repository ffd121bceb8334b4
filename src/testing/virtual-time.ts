import type { Clock } from '../api/waiting.js';
import type { Timer } from '../engine/runtime.js';
import { sleepBy } from '../engine/sleep.js';
import { EventQueue, type SimEvent } from './event-queue.js';

/** Not 0, so that nothing mistakes the beginning for "never". */
const START_MICROS = 1_000_000;

/** 2023-11-14: wall clocks of virtual machines show it at the start. */
const WALL_CLOCK_START_MS = 1_700_000_000_000;

/** The time that all of a virtual network lives by. It moves only in {@link step}. */
export class VirtualTime {
  readonly #queue = new EventQueue();
  #nowMicros = START_MICROS;

  get nowMicros(): number {
    return this.#nowMicros;
  }

  get nowMs(): number {
    return this.#nowMicros / 1_000;
  }

  get wallClockMs(): number {
    return WALL_CLOCK_START_MS + this.nowMs;
  }

  /** Has something happen at a time, or now when that has passed. */
  at(atMicros: number, happen: () => void): SimEvent {
    return this.#queue.add(Math.max(Math.ceil(atMicros), this.#nowMicros), happen);
  }

  after(delayMs: number, happen: () => void): SimEvent {
    return this.at(this.#nowMicros + Math.max(0, delayMs) * 1_000, happen);
  }

  /** Moves time on to the next thing and lets it happen. False: nothing ever will. */
  step(): boolean {
    const event = this.#queue.take();
    if (event === null) return false;
    this.#nowMicros = Math.max(this.#nowMicros, event.atMicros);
    event.happen();
    return true;
  }
}

/** A clock whose timers are set by `setTimer`. */
export function clockOf(time: VirtualTime, setTimer: (delayMs: number, callback: () => void) => Timer): Clock {
  return { nowMs: () => time.nowMs, sleep: sleepBy(setTimer) };
}
