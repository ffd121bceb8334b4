import type { PathRecord } from '../../engine/engine.js';
import type { Timer } from '../../engine/runtime.js';
import { compareNodeIds } from '../../identity/index.js';
import { publish } from '../../observe/index.js';
import { type Association, directPathOf, type MeshPeer, type PeerContext, sameRemote } from '../../peer/index.js';
import { ResetReason } from '../../stream/index.js';
import { ControlStream, type ControlStreamListener } from '../control/control-stream.js';
import { ASKED_AT_ONCE_MAX, Attempt, type CandidatePath, type Outcome, ROUND_MS } from './attempt.js';
import { areBothDependent, type OwnCandidates, waysTo } from './candidate-rules.js';
import { type Candidate, type CandidatesMessage, DIRECT_PROTOCOL, decodeCandidates, encodeCandidates } from './messages.js';

/** Pauses between attempts that fail: routers change seldom, and what is lost meanwhile is only the better way. */
const RETRY_MS_MIN = 30_000;
const RETRY_MS_MAX = 600_000;
/** A direct path that has lived for so long is no longer taken for one that flaps. */
const STABLE_MS = 30_000;
/** Addresses from which the peer was heard directly that are asked at once. */
const ARRIVALS_MAX = 4;
/** Tokens of {@link Engine.probePath} from here on are this part's. */
export const TRAVERSAL_TOKENS = 0x8000_0000;

/** An address that was asked and has not answered yet. */
interface Asked {
  readonly path: PathRecord;
  /** `null`: the peer did not tell of it. */ readonly candidate: Candidate | null;
  /** The peer was heard from there; otherwise it belongs to the attempt. */ readonly isArrival: boolean;
  readonly atMs: number;
}

/**
 * The search for a direct way to one peer whose packets go through others. Both ends tell each other where they may be reached, on a stream of their
 * association, which nobody on the way can read or write; then each asks at all addresses of the other at once, so that the routers of both let the
 * other's packets in. Who gets an answer moves there.
 */
export class Traversal implements ControlStreamListener {
  readonly association: Association;
  readonly #context: PeerContext;
  readonly #peer: MeshPeer;
  readonly #own: OwnCandidates;
  /** It is this end's part to open the stream, and to try again. */
  readonly #opens: boolean;
  #stream: ControlStream | null = null;
  #attempt: Attempt | null = null;
  /** Of the last question of this end. */
  #round = 0;
  /** The peer's, as it told them last. */
  #theirs: readonly Candidate[] = [];
  readonly #asked = new Map<number, Asked>();
  #lastToken = TRAVERSAL_TOKENS;
  #retryMs = RETRY_MS_MIN;
  #retryTimer: Timer | null = null;
  /** A question that came too soon after the one before, and when it is taken. */
  #early: { readonly message: CandidatesMessage; readonly timer: Timer } | null = null;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #isRelayed = false;
  #directSinceMs = Number.POSITIVE_INFINITY;
  /** This end's addresses have changed since the peer was told of them. */
  #isOutdated = false;
  #hasEnded = false;

  constructor(context: PeerContext, peer: MeshPeer, association: Association, own: OwnCandidates) {
    this.#context = context;
    this.#peer = peer;
    this.association = association;
    this.#own = own;
    this.#opens = compareNodeIds(context.id, peer.id) < 0;
  }

  /** The packets go through others now, or directly. */
  onPath(): void {
    const { isRelayed } = this.#peer;
    if (isRelayed === this.#isRelayed) return;
    this.#isRelayed = isRelayed;
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
    if (!isRelayed) {
      this.#directSinceMs = this.#nowMs;
      this.#attempt?.end('direct');
      return;
    }
    const livedMs = this.#nowMs - this.#directSinceMs;
    if (livedMs >= STABLE_MS) this.#retryMs = RETRY_MS_MIN;
    if (livedMs >= 0 && livedMs < STABLE_MS && !this.#isOutdated) this.#retryLater();
    else this.#begin();
  }

  /** This end has other addresses: the peer is told at once, or when packets go through others again. */
  onAddresses(): void {
    this.#isOutdated = true;
    this.#retryMs = RETRY_MS_MIN;
    this.#begin();
  }

  /** The peer opened its stream; one before it is given up. */
  accept(handle: number): void {
    const { engine, flusher } = this.#context;
    if (this.#opens || this.#hasEnded) {
      engine.reset(this.association.handle, handle, ResetReason.application, 0);
      flusher.mark();
      return;
    }
    this.#stream?.reset();
    this.#stream = ControlStream.accept(engine, flusher, this.association, handle, this);
  }

  /** Authentic packets came on `record`: the way may lead back as well. Most of all where the peer's router shows everybody another port. */
  onDirectArrival(record: PathRecord): void {
    const asked = [...this.#asked.values()];
    if (!this.#mayBeDirect || asked.filter(({ isArrival }) => isArrival).length >= ARRIVALS_MAX) return;
    if (asked.some(({ path }) => sameRemote(path, record))) return;
    const path = Uint8Array.from(record);
    const { remote } = directPathOf(path, this.#context.sockets);
    const candidate = this.#theirs.find(({ host, port }) => host === remote.host && port === remote.port) ?? null;
    this.#ask(path, candidate, true);
  }

  onPathProbed(token: number, rttMicros: number | null): void {
    const asked = this.#asked.get(token);
    if (asked === undefined) return;
    this.#asked.delete(token);
    if (rttMicros === null || !this.#mayBeDirect) {
      if (!asked.isArrival) this.#attempt?.onUnanswered();
      return;
    }
    const isAttempt = this.#attempt !== null;
    this.#peer.moveTo(asked.path, { kind: 'upgraded', method: this.#isAnnounced(asked) ? 'announced-address' : 'hole-punch' });
    // An attempt ends with the move.
    if (!isAttempt) this.#publish('direct', asked.atMs);
  }

  end(): void {
    this.#hasEnded = true;
    this.#attempt?.stop();
    this.#attempt = null;
    this.#retryTimer?.cancel();
    this.#early?.timer.cancel();
    this.#stream?.reset();
    this.#stream = null;
  }

  // ---- from the stream ----

  onMessage(bytes: Uint8Array): void {
    const message = decodeCandidates(bytes);
    if (message?.type === 'question') this.#onQuestion(message);
    else if (message !== null && message.round === this.#round && this.#attempt?.isWaiting === true) this.#askAt(message);
  }

  onAcknowledged(): void {}

  onRoom(): void {}

  onEnded(fault: unknown): void {
    this.#stream = null;
    if (fault !== null)
      this.#context.log('warn', { peer: this.#peer.id, cause: String(fault) }, 'A peer broke a rule of the stream for direct ways, which was ended.');
    if (this.#attempt?.isWaiting === true) this.#attempt.end('no-rendezvous');
  }

  get #nowMs(): number {
    return this.#context.runtime.clock.nowMs();
  }

  get #mayBeDirect(): boolean {
    return !this.#hasEnded && this.#peer.isRelayed && this.#peer.waypoint === null;
  }

  /** The peer is reached there because it has said so, and not because routers were opened. */
  #isAnnounced({ path, candidate }: Asked): boolean {
    if (candidate !== null) return candidate.kind !== 'seen';
    const { remote } = directPathOf(path, this.#context.sockets);
    return this.#peer.directHosts.some(({ host, port }) => host === remote.host && port === remote.port);
  }

  /** Asks the peer where it is, and begins an attempt; unless one goes on. */
  #begin(): void {
    if (!this.#mayBeDirect || (this.#attempt !== null && !this.#attempt.isWaiting)) return;
    if (this.#stream === null && this.#opens) {
      this.#stream = ControlStream.open(this.#context.engine, this.#context.flusher, this.association, this, DIRECT_PROTOCOL);
    }
    if (this.#stream === null || !this.#send('question', this.#round + 1)) {
      this.#retryLater();
      return;
    }
    this.#round++;
    this.#attempt ??= this.#newAttempt();
  }

  #newAttempt(): Attempt {
    const attempt = new Attempt(
      this.#context,
      ({ path, candidate }) => this.#ask(path, candidate, false),
      (outcome) => this.#onOver(attempt, outcome),
    );
    return attempt;
  }

  #onQuestion(message: CandidatesMessage): void {
    const waitMs = this.#answeredAtMs + ROUND_MS - this.#nowMs;
    if (waitMs > 0) {
      this.#early?.timer.cancel();
      const timer = this.#context.runtime.setTimer(waitMs, () => {
        this.#early = null;
        this.#onQuestion(message);
      });
      this.#early = { message, timer };
      return;
    }
    this.#answeredAtMs = this.#nowMs;
    this.#send('answer', message.round);
    if (this.#mayBeDirect) {
      this.#attempt ??= this.#newAttempt();
      this.#askAt(message);
    } else if (this.#peer.waypoint === null) {
      // The peer finds the present path dead, as this end may soon: its router lets the peer in, now that it asks there.
      for (const { path, candidate } of this.#waysTo(message).slice(0, ASKED_AT_ONCE_MAX)) this.#ask(path, candidate, true);
    }
  }

  #askAt(message: CandidatesMessage): void {
    const otherwise = areBothDependent(this.#own, message) ? 'endpoint-dependent-nat' : 'no-answer';
    this.#attempt?.begin(this.#waysTo(message), otherwise);
  }

  #waysTo(message: CandidatesMessage): readonly CandidatePath[] {
    this.#theirs = message.candidates;
    return waysTo(this.#context.engine, message, this.#own);
  }

  #ask(path: PathRecord, candidate: Candidate | null, isArrival: boolean): boolean {
    const token = ++this.#lastToken;
    if (!this.#context.engine.probePath(this.association.handle, path, token)) return false;
    this.#asked.set(token, { path, candidate, isArrival, atMs: this.#nowMs });
    this.#context.flusher.mark();
    return true;
  }

  #send(type: CandidatesMessage['type'], round: number): boolean {
    const candidates = this.#peer.waypoint === null ? this.#own.candidates() : [];
    this.#isOutdated = false;
    return this.#stream?.send(encodeCandidates({ type, round, nat: this.#own.nat, candidates })) === true;
  }

  #onOver(attempt: Attempt, outcome: Outcome): void {
    if (this.#attempt === attempt) this.#attempt = null;
    this.#publish(outcome, attempt.beganAtMs);
    if (outcome !== 'direct') this.#retryLater();
  }

  #publish(outcome: Outcome, sinceMs: number): void {
    const durationMs = this.#nowMs - sinceMs;
    publish('osier:traversal', () => ({ peer: this.#peer.id, outcome, durationMs }));
  }

  #retryLater(): void {
    if (!this.#opens || this.#retryTimer !== null || !this.#mayBeDirect) return;
    const delayMs = this.#retryMs;
    this.#retryMs = Math.min(2 * delayMs, RETRY_MS_MAX);
    this.#retryTimer = this.#context.runtime.setTimer(delayMs, () => {
      this.#retryTimer = null;
      this.#begin();
    });
  }
}
