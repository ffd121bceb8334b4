import { Waiters } from '../stream/index.js';

/** Tokens are u32; 0 is left to the engine. */
const TOKEN_MAX = 0xffff_ffff;

/** The engine remembers so many that were not answered; of those before it tells nothing. */
const REMEMBERED = 64;

/** Pings of one association that wait for their answers. */
export class PingTable {
  readonly #send: (token: number) => void;
  readonly #waiting = new Map<number, Waiters<number>>();
  #lastToken = 0;

  /** `send` has the engine ask for an acknowledgement under a token. */
  constructor(send: (token: number) => void) {
    this.#send = send;
  }

  /** Somebody waits for an answer. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves with the round trip in microseconds. */
  ping(signal: AbortSignal): Promise<number> {
    this.#lastToken = this.#lastToken === TOKEN_MAX ? 1 : this.#lastToken + 1;
    const token = this.#lastToken;
    const waiters = new Waiters<number>();
    this.#waiting.set(token, waiters);
    this.#send(token);
    return waiters.wait(signal).finally(() => this.#waiting.delete(token));
  }

  onPong(token: number, rttMicros: number): void {
    this.#waiting.get(token)?.resolveAll(rttMicros);
    for (const [older, waiters] of this.#waiting) if (older <= token - REMEMBERED) waiters.resolveAll(rttMicros);
  }

  fail(error: unknown): void {
    for (const waiters of this.#waiting.values()) waiters.rejectAll(error);
  }
}
