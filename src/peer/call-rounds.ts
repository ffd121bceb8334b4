import type { PathRecord } from '../engine/engine.js';
import { type OsierError, osierError } from '../errors/index.js';
import type { HostAndPort } from '../identity/index.js';
import { AddressRace, type RaceMessage } from './address-race.js';
import type { Calling, PeerContext } from './context.js';

/**
 * After this long a call begins afresh: names are resolved again, hosts that became known are asked, and there are other secrets, another index
 * and another ephemeral key. As long as a caller waits by default, so that whoever waits longer is no worse off than who calls again; and the
 * pauses between attempts have grown to their full length by then, so that an answer has its time.
 */
const ROUND_MS = 15_000;

/** The calling end of one handshake. */
export interface CallingEnd {
  /** First messages so far. */
  readonly attempts: number;
  nextMessage(): { readonly datagram: Uint8Array; readonly retryAfterMs: number };
  wipe(): void;
}

/** Who calls. */
export interface Caller<End extends CallingEnd> {
  /** Where to call at present, */
  readonly hosts: readonly HostAndPort[];
  /** and the path through others, where there is one. */
  readonly relayedPath: PathRecord | null;
  /** Key of the mac1 of the answers, at present. */
  mac1Key(): Uint8Array;
  /** Begins a handshake after `attempts` first messages of others. */
  begin(localIndex: number, attempts: number): End;
  /** A datagram for one of the last two rounds. */
  onDatagram(round: CallRound<End>, source: PathRecord, datagram: Uint8Array): void;
  onHint(kind: number): void;
  onAttempt(attempt: number): void;
  /** See {@link Racer.onUnresolved}. */
  onUnresolved(cause: unknown): void;
  /** The call cannot go on: it is to be stopped. */
  fail(error: OsierError): void;
}

/** One handshake of a call, under one index and one network secret. */
export class CallRound<End extends CallingEnd> implements Calling {
  readonly end: End;
  readonly localIndex: number;
  readonly networkSecret: Uint8Array;
  readonly beganAtMs: number;
  readonly #caller: Caller<End>;
  readonly #race: AddressRace;
  /** By attempt. */
  readonly #messages = new Map<number, RaceMessage>();

  constructor(context: PeerContext, caller: Caller<End>, race: AddressRace, localIndex: number, attempts: number) {
    this.end = caller.begin(localIndex, attempts);
    this.localIndex = localIndex;
    this.networkSecret = context.party.networkSecrets[0];
    this.beganAtMs = context.runtime.clock.nowMs();
    this.#caller = caller;
    this.#race = race;
  }

  nextMessage(): RaceMessage {
    const message: RaceMessage = { ...this.end.nextMessage(), askedAt: [] };
    this.#messages.set(this.end.attempts, message);
    return message;
  }

  /** See {@link AddressRace.wayOf}; `attempt` is the first message that was answered. */
  wayOf(source: PathRecord, attempt: number): PathRecord | null {
    const message = this.#messages.get(attempt);
    return message === undefined ? null : this.#race.wayOf(source, message);
  }

  onDatagram(source: PathRecord, datagram: Uint8Array): void {
    this.#caller.onDatagram(this, source, datagram);
  }

  onHint(kind: number): void {
    this.#caller.onHint(kind);
  }
}

/** A call that goes on, round after round, until it is stopped. Answers to the round before the present one are taken as well: they may be under way. */
export class CallRounds<End extends CallingEnd> {
  readonly #context: PeerContext;
  readonly #caller: Caller<End>;
  readonly #race: AddressRace;
  #present: CallRound<End>;
  #before: CallRound<End> | null = null;

  /** Throws LIMIT when the node has no index left. */
  constructor(context: PeerContext, caller: Caller<End>) {
    this.#context = context;
    this.#caller = caller;
    this.#race = new AddressRace(context, {
      nextMessage: () => this.#nextMessage(),
      onAttempt: () => caller.onAttempt(this.#present.end.attempts),
      onUnresolved: (cause) => caller.onUnresolved(cause),
    });
    const round = this.#begin(0);
    if (round === null) throw noIndexLeft();
    this.#present = round;
  }

  /** Resolves the hosts and sends the first message. */
  start(): void {
    this.#look(true);
  }

  /** Hosts, or a path through others, became known: they join at once. */
  onHosts(): void {
    this.#look(false);
  }

  /**
   * The network secrets are others. Those who are called under one that is not the current one any more are called anew, and answers under one that admits
   * no more are not taken.
   */
  onSecrets(): void {
    if (this.#before !== null && !this.#isAdmitted(this.#before)) this.#forgetBefore();
    if (isSame(this.#present.networkSecret, this.#context.party.networkSecrets[0])) return;
    if (this.#isAdmitted(this.#present)) this.#renew(0);
    else if (!this.#replace()) return;
    this.#race.hurry();
  }

  /** What the calls so far said of this end is not true any more: nothing of them may be answered. */
  anew(): void {
    this.#forgetBefore();
    if (this.#replace()) this.#race.hurry();
  }

  /** Ends it; an index that a session took over stays with that. */
  stop(): void {
    this.#race.stop();
    this.#forgetBefore();
    this.#drop(this.#present);
  }

  #look(anew: boolean): void {
    this.#race.look(this.#caller.hosts, this.#caller.relayedPath, anew);
  }

  #nextMessage(): RaceMessage {
    const { beganAtMs, end } = this.#present;
    if (this.#context.runtime.clock.nowMs() - beganAtMs >= ROUND_MS) {
      this.#renew(end.attempts);
      this.#look(true);
    }
    return this.#present.nextMessage();
  }

  #renew(attempts: number): void {
    const round = this.#begin(attempts);
    // Without an index for another one the present one goes on.
    if (round === null) return;
    this.#forgetBefore();
    this.#before = this.#present;
    this.#present = round;
  }

  /** Another round instead of the present one, which is over even where there is no index for another: then the call fails. */
  #replace(): boolean {
    this.#drop(this.#present);
    const round = this.#begin(0);
    if (round === null) this.#caller.fail(noIndexLeft());
    else this.#present = round;
    return round !== null;
  }

  #begin(attempts: number): CallRound<End> | null {
    const localIndex = this.#context.engine.reserveIndex(this.#caller.mac1Key());
    if (localIndex === 0) return null;
    const round = new CallRound(this.#context, this.#caller, this.#race, localIndex, attempts);
    this.#context.calls.set(localIndex, round);
    return round;
  }

  #isAdmitted({ networkSecret }: CallRound<End>): boolean {
    return this.#context.party.networkSecrets.some((secret) => isSame(secret, networkSecret));
  }

  #forgetBefore(): void {
    if (this.#before !== null) this.#drop(this.#before);
    this.#before = null;
  }

  #drop(round: CallRound<End>): void {
    const { end, localIndex } = round;
    if (this.#context.calls.get(localIndex) !== round) return;
    end.wipe();
    this.#context.calls.delete(localIndex);
    this.#context.engine.releaseIndex(localIndex);
  }
}

function noIndexLeft(): OsierError {
  return osierError('ERR_OSIER_LIMIT', 'This node has as many handshakes and sessions as there are indices.', { limit: 'peers' });
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
