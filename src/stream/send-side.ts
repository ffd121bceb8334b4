import { type PendingSend, SendLine } from './send-line.js';
import { StreamCounter } from './stream-port.js';

/** Bytes of one write that have not all been accepted. */
class PendingBytes implements PendingSend {
  readonly #accept: (bytes: Uint8Array) => number;
  #rest: Uint8Array;
  #isBegun: boolean;

  constructor(rest: Uint8Array, isBegun: boolean, accept: (bytes: Uint8Array) => number) {
    this.#rest = rest;
    this.#isBegun = isBegun;
    this.#accept = accept;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  get byteCount(): number {
    return this.#rest.length;
  }

  handOver(): boolean {
    const accepted = this.#accept(this.#rest);
    this.#isBegun ||= accepted > 0;
    this.#rest = this.#rest.subarray(accepted);
    return this.#rest.length === 0;
  }
}

/** What this end of a 'bytes' stream sends: writes are accepted in parts, as there is room. */
export class SendSide extends SendLine<PendingBytes> {
  #acceptedBytes = 0;

  get acceptedBytes(): number {
    return this.#acceptedBytes;
  }

  get keptBytes(): number {
    return this.line.reduce((sum, { pending, waiter }) => sum + (waiter === null ? pending.byteCount : 0), 0);
  }

  write(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    const refusal = this.refusal(signal);
    if (refusal !== null) return refusal;
    const accepted = this.isBlocked ? 0 : this.#accept(bytes);
    if (accepted === bytes.length) return Promise.resolve();
    return this.waitForRoom(new PendingBytes(bytes.subarray(accepted), accepted > 0, this.#accept), signal);
  }

  /** Throws what a write would reject with. */
  tryWrite(bytes: Uint8Array): boolean {
    this.checkOpen();
    if (this.isBlocked) return false;
    const accepted = this.#accept(bytes);
    if (accepted === bytes.length) return true;
    // What does not fit is kept here: one array at most, since nothing more is taken before it is gone.
    if (accepted > 0) this.keep(new PendingBytes(bytes.slice(accepted), true, this.#accept));
    else this.block();
    return accepted > 0;
  }

  protected hasNothingUnsettled(): boolean {
    return this.port.counters()?.[StreamCounter.sendBuffered] === 0n;
  }

  readonly #accept = (bytes: Uint8Array): number => {
    if (bytes.length === 0) return 0;
    const accepted = Math.max(0, this.port.write(bytes));
    this.#acceptedBytes += accepted;
    return accepted;
  };
}
