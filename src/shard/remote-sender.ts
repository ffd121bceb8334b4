import { SendAnswer } from '../engine/engine.js';
import { sharedMicros } from './crossing.js';
import type { CrossingBudget } from './crossing-budget.js';
import { LeavingBytes, LeavingMessages } from './leaving.js';
import type { Outbox } from './outbox.js';
import type { ToShard } from './protocol.js';
import type { RemoteCounters } from './remote-counters.js';

/** What a stream of this thread sends to its shard: gathered for a tick, as much as its window allows. */
export class RemoteSender {
  readonly #outbox: Outbox<ToShard>;
  readonly #stream: number;
  readonly #counted: RemoteCounters;
  readonly #bytes: LeavingBytes;
  readonly #messages: LeavingMessages;
  readonly #isBytes: boolean;
  #isOver = false;

  constructor(outbox: Outbox<ToShard>, stream: number, isBytes: boolean, budget: CrossingBudget, counted: RemoteCounters) {
    this.#outbox = outbox;
    this.#stream = stream;
    this.#isBytes = isBytes;
    this.#counted = counted;
    this.#bytes = new LeavingBytes(budget);
    this.#messages = new LeavingMessages(budget);
  }

  write(bytes: Uint8Array): number {
    if (this.#isOver) return SendAnswer.ended;
    const accepted = this.#bytes.add(bytes);
    if (accepted > 0) this.#outbox.defer(this.push);
    this.#counted.sentBytes += accepted;
    return accepted;
  }

  sendMessage(bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number {
    if (this.#isOver) return SendAnswer.ended;
    const deadline = lifetimeMicros === 0 ? 0 : sharedMicros() + lifetimeMicros;
    if (!this.#messages.add(bytes, options, deadline, token)) return SendAnswer.noRoom;
    this.#outbox.defer(this.push);
    this.#counted.sentMessages++;
    this.#counted.sentBytes += bytes.length;
    return SendAnswer.accepted;
  }

  /** What was gathered goes before anything that is told after this. */
  readonly push = (): void => {
    if (this.#isOver) return;
    const bytes = this.#bytes.take();
    if (bytes !== null) this.#outbox.push({ op: 'write', stream: this.#stream, bytes }, bytes);
    const messages = this.#messages.take();
    if (messages !== null) this.#outbox.push({ op: 'send', stream: this.#stream, ...messages }, messages.bytes);
  };

  /** The engine took so much of the window. */
  onAccepted(windowBytes: number): void {
    (this.#isBytes ? this.#bytes : this.#messages).giveBack(windowBytes);
  }

  /** The shard sends no more of it. */
  end(): void {
    this.#isOver = true;
    this.#bytes.close();
    this.#messages.close();
  }
}
