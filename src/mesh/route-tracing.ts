import type { TraceResult } from '../api/routing.js';
import type { Timer } from '../engine/runtime.js';
import type { NodeId } from '../identity/index.js';
import type { Association, MeshPeer, PeerContext } from '../peer/index.js';

/** Hops that a packet may go (docs/protocol.md, "Relayed packet"). */
const HOPS_MAX = 32;
/** Hops that are asked at once where the length of the way is not known. */
const HOPS_AT_ONCE = 8;
/** Hops that did not answer are asked again, and after so many rounds given up. */
const ROUND_MS = 400;
const ROUNDS_MAX = 4;

interface Answer {
  readonly id: NodeId | null;
  readonly rttMs: number;
}

/** Asks the hops of relayed paths who they are. */
export class RouteTracing {
  readonly #context: PeerContext;
  readonly #nodeOf: (routeId: Uint8Array) => NodeId | null;
  /** Who waits for the answer to a question, by its token. */
  readonly #asked = new Map<number, (answer: Answer, isFarEnd: boolean) => void>();
  #lastToken = 0;

  constructor(context: PeerContext, nodeOf: (routeId: Uint8Array) => NodeId | null) {
    this.#context = context;
    this.#nodeOf = nodeOf;
  }

  /** See {@link PathSink.onTraceAnswered}. */
  onAnswered(token: number, rttMicros: number, reporter: Uint8Array, isFarEnd: boolean): void {
    this.#asked.get(token)?.({ id: this.#nodeOf(reporter), rttMs: rttMicros / 1_000 }, isFarEnd);
  }

  /** The hops of the relayed path of a peer. `length`: how many there should be, where that is known. An abort of `signal` rejects with its reason. */
  trace(peer: MeshPeer, association: Association, length: number | null, signal: AbortSignal): Promise<TraceResult> {
    return new Promise((resolve, reject) => {
      const tokens: number[] = [];
      const trace = new HopTrace(peer.id, length, {
        ask: (ttl) => {
          const token = ++this.#lastToken;
          tokens.push(token);
          this.#asked.set(token, (answer, isFarEnd) => trace.onAnswered(ttl, answer, isFarEnd));
          this.#context.engine.traceHop(association.handle, ttl, token);
          this.#context.flusher.mark();
        },
        later: (run) => this.#context.runtime.setTimer(ROUND_MS, run),
        done: (result) => {
          signal.removeEventListener('abort', onAbort);
          for (const token of tokens) this.#asked.delete(token);
          resolve(result);
        },
      });
      const onAbort = (): void => {
        trace.stop();
        for (const token of tokens) this.#asked.delete(token);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      else trace.begin();
    });
  }
}

interface HopTraceHost {
  ask(ttl: number): void;
  later(run: () => void): Timer;
  done(result: TraceResult): void;
}

/** One trace: asks all hops at once, those that are silent again, and further ones while the far end is not among them. */
class HopTrace {
  readonly #target: NodeId;
  readonly #host: HopTraceHost;
  readonly #answers = new Map<number, Answer>();
  #askedUpTo = 0;
  /** Hops to the far end, once it has answered. */
  #length: number | null = null;
  #rounds = 0;
  #timer: Timer | null = null;

  constructor(target: NodeId, length: number | null, host: HopTraceHost) {
    this.#target = target;
    this.#host = host;
    this.#askedUpTo = Math.min(length ?? HOPS_AT_ONCE, HOPS_MAX);
  }

  begin(): void {
    this.#round();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  onAnswered(ttl: number, answer: Answer, isFarEnd: boolean): void {
    if (isFarEnd) this.#length = Math.min(this.#length ?? ttl, ttl);
    this.#answers.set(ttl, isFarEnd ? { ...answer, id: this.#target } : answer);
    if (this.#length !== null && this.#isWhole(this.#length)) this.#finish();
  }

  #round(): void {
    if (this.#rounds === ROUNDS_MAX) {
      this.#finish();
      return;
    }
    // All that was asked for answered, and none of them is the end.
    if (this.#length === null && this.#isWhole(this.#askedUpTo)) this.#askedUpTo = Math.min(this.#askedUpTo + HOPS_AT_ONCE, HOPS_MAX);
    this.#rounds++;
    for (let ttl = 1; ttl <= (this.#length ?? this.#askedUpTo); ttl++) if (!this.#answers.has(ttl)) this.#host.ask(ttl);
    this.#timer = this.#host.later(() => this.#round());
  }

  #isWhole(length: number): boolean {
    for (let ttl = 1; ttl <= length; ttl++) if (!this.#answers.has(ttl)) return false;
    return true;
  }

  #finish(): void {
    this.stop();
    const last = this.#length ?? Math.max(0, ...this.#answers.keys());
    const hops = Array.from({ length: last }, (_, at) => this.#answers.get(at + 1) ?? { id: null, rttMs: null });
    this.#host.done({ status: this.#length === null ? 'incomplete' : 'complete', hops });
  }
}
