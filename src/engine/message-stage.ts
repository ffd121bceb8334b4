import { type Engine, SendAnswer } from './engine.js';

/** What crosses at a time: enough for the crossing to cost little beside the copies. */
const STAGE_BYTES = 64 * 1024;
const STAGE_MESSAGES = 1_024;

/** Of a longer message the second copy costs more than the crossing. */
export const STAGED_MESSAGE_MAX_BYTES = 1_024;

/** Numbers per run of {@link Engine.sendMessages}: association, stream, options, messages. */
const RUN_NUMBERS = 4;
const RUN_OPTIONS = 2;
const RUN_COUNT = 3;

/** Whose messages are staged. */
export interface Staging {
  readonly association: number;
  readonly stream: number;
  /** A message of its that found no room. */
  takeBack(message: Uint8Array, options: number): void;
}

interface Refused {
  readonly owner: Staging;
  readonly message: Uint8Array;
  readonly options: number;
}

/** Small messages of one tick, which cross into the engine together: they are accepted before it has them, on its word that there is room. */
export class MessageStage {
  readonly #engine: Pick<Engine, 'sendMessages' | 'sendMessage'>;
  #bytes = new Uint8Array(0);
  #lengths = new Uint32Array(0);
  #runs = new Uint32Array(0);
  /** Whose the runs are. */
  #owners: Staging[] = [];
  #lastOwner: Staging | null = null;
  #lastOptions = 0;
  #byteCount = 0;
  #count = 0;
  /** Of the last run. */
  #runStart = 0;
  #epoch = 0;

  constructor(engine: Pick<Engine, 'sendMessages' | 'sendMessage'>) {
    this.#engine = engine;
  }

  /** Another one: what the engine said about room before no longer holds. */
  get epoch(): number {
    return this.#epoch;
  }

  hasRoomFor(byteCount: number): boolean {
    return this.#count < STAGE_MESSAGES && this.#byteCount + byteCount <= STAGE_BYTES;
  }

  /** Copies a message; there must be room. */
  add(owner: Staging, options: number, message: Uint8Array): void {
    if (owner !== this.#lastOwner || options !== this.#lastOptions) this.#beginRun(owner, options);
    this.#bytes.set(message, this.#byteCount);
    this.#byteCount += message.length;
    this.#lengths[this.#count++] = message.length;
  }

  /** The engine has them, or their owners have them back. */
  handOver(): void {
    this.#epoch++;
    if (this.#count === 0) return;
    this.#endRun();
    const [count, owners] = [this.#count, this.#owners];
    this.#owners = [];
    this.#lastOwner = null;
    this.#byteCount = 0;
    this.#count = 0;
    this.#runStart = 0;
    const taken = this.#engine.sendMessages(this.#bytes, this.#lengths, this.#runs, owners.length);
    // Owners may stage others as soon as they have theirs back.
    if (taken < count) for (const { owner, message, options } of this.#refused(owners, taken)) owner.takeBack(message, options);
  }

  #beginRun(owner: Staging, options: number): void {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(STAGE_BYTES);
      this.#lengths = new Uint32Array(STAGE_MESSAGES);
      this.#runs = new Uint32Array(RUN_NUMBERS * STAGE_MESSAGES);
    }
    this.#endRun();
    const at = this.#owners.push(owner) * RUN_NUMBERS - RUN_NUMBERS;
    this.#runs[at] = owner.association;
    this.#runs[at + 1] = owner.stream;
    this.#runs[at + 2] = options;
    this.#lastOwner = owner;
    this.#lastOptions = options;
  }

  #endRun(): void {
    if (this.#owners.length === 0) return;
    this.#runs[(this.#owners.length - 1) * RUN_NUMBERS + RUN_COUNT] = this.#count - this.#runStart;
    this.#runStart = this.#count;
  }

  /** What the engine does not take, `taken` messages being there already. */
  #refused(owners: readonly Staging[], taken: number): readonly Refused[] {
    const refused: Refused[] = [];
    const withoutRoom = new Set<Staging>();
    let [index, start] = [0, 0];
    for (const [run, owner] of owners.entries()) {
      const options = this.#runs[run * RUN_NUMBERS + RUN_OPTIONS] ?? 0;
      const runEnd = index + (this.#runs[run * RUN_NUMBERS + RUN_COUNT] ?? 0);
      // Where it stopped there is no room for that stream; those of others have not been offered.
      if (index <= taken && taken < runEnd) withoutRoom.add(owner);
      for (; index < runEnd; index++) {
        const end = start + (this.#lengths[index] ?? 0);
        const message = this.#bytes.slice(start, end);
        start = end;
        if (index < taken) continue;
        const isTaken =
          !withoutRoom.has(owner) && this.#engine.sendMessage(owner.association, owner.stream, message, options, 0, 0) === SendAnswer.accepted;
        if (isTaken) continue;
        withoutRoom.add(owner);
        refused.push({ owner, message, options });
      }
    }
    return refused;
  }
}
