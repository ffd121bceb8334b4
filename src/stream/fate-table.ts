import type { MessageOutcome } from '../api/streams.js';
import type { OsierError } from '../errors/index.js';

/** Tokens are u32. */
const TOKENS = 2 ** 32;

/** A message whose fate somebody waits for. */
export interface AwaitedFate {
  readonly token: number;
  /** Never rejects. */
  readonly outcome: Promise<MessageOutcome>;
}

/** Who waits for the fate of which message, by token. A token is used again only after its fate is known. */
export class FateTable {
  readonly #waiting = new Map<number, (outcome: MessageOutcome) => void>();
  readonly #tokens: number;
  #next = 0;

  /** `tokens`: how many there are, from 0 on. */
  constructor(tokens = TOKENS) {
    this.#tokens = tokens;
  }

  /** Waits for the fate of one more message. */
  expect(): AwaitedFate {
    while (this.#waiting.has(this.#next)) this.#next = this.#after(this.#next);
    const token = this.#next;
    this.#next = this.#after(token);
    const outcome = new Promise<MessageOutcome>((resolve) => this.#waiting.set(token, resolve));
    return { token, outcome };
  }

  /** The message was never accepted: it has no fate. */
  forget(token: number): void {
    this.#waiting.delete(token);
  }

  settle(token: number, outcome: MessageOutcome): void {
    this.#waiting.get(token)?.(outcome);
    this.#waiting.delete(token);
  }

  /** Nothing more will be told. */
  settleAll(error: OsierError): void {
    for (const resolve of this.#waiting.values()) resolve({ status: 'unknown', error });
    this.#waiting.clear();
  }

  #after(token: number): number {
    return (token + 1) % this.#tokens;
  }
}
