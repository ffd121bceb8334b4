import type { NodeId } from '../identity/index.js';
import { blake2b } from '../identity/sodium.js';
import { ExpiringMap } from './expiring-map.js';
import { MAC_BYTES } from './mac1.js';

/** One message 1 that was taken, until it is confirmed or forgotten. */
export interface OpenCall {
  readonly caller: NodeId;
  readonly timestampMicros: bigint;
  readonly takenAtMs: number;
  /** What was answered; `null` while that is not decided. */ answer: Uint8Array | null;
  /** The session that it led to. */ localIndex: number | null;
}

/**
 * The message 1s that were taken of late. The same packet once more, by the network's doing or on another path, gets the same answer again: no
 * mathematics, no new session. Forgetting one costs an answer, nothing else.
 */
export class OpenCalls {
  /** By digest. */
  readonly #calls = new ExpiringMap<string, OpenCall>((_, call) => this.#end(call));
  readonly #byLocalIndex = new Map<number, string>();

  /** The digest of a datagram: of all but mac2, which may change when the same is sent again. */
  static digestOf(datagram: Uint8Array): string {
    return Buffer.from(blake2b(32, [datagram.subarray(0, -MAC_BYTES)])).toString('hex');
  }

  find(digest: string, nowMs: number): OpenCall | null {
    return this.#calls.get(digest, nowMs);
  }

  add(digest: string, call: OpenCall): void {
    this.#calls.add(digest, call);
  }

  /** What `call`, under `digest`, was answered, and the session that this made, if any. */
  settle(digest: string, call: OpenCall, answer: Uint8Array, localIndex: number | null): void {
    call.answer = answer;
    call.localIndex = localIndex;
    if (localIndex !== null && this.#calls.has(digest, call)) this.#byLocalIndex.set(localIndex, digest);
  }

  /** Removes the call that led to a session, and returns it. */
  take(localIndex: number): OpenCall | null {
    const digest = this.#byLocalIndex.get(localIndex);
    const call = digest === undefined ? null : this.#calls.take(digest);
    if (call !== null) this.#end(call);
    return call;
  }

  #end({ localIndex }: OpenCall): void {
    if (localIndex !== null) this.#byLocalIndex.delete(localIndex);
  }
}
