import type { MessagePort } from 'node:worker_threads';
import type { HostAndPort, NodeId } from '../identity/index.js';
import type { CallRouting, FirstMessage, PlacedElsewhere } from '../peer/index.js';
import { type ControlledShard, type FromControl, kept, listenTo, type ToControl, UNANSWERED_MAX } from './control.js';
import { Placement } from './placement.js';
import { shardDown } from './shard-errors.js';

/** This shard. */
const HERE = 0;

/** Another shard. */
interface Other {
  readonly port: MessagePort;
  /** Ids of whose place it has heard. */
  readonly told: Set<NodeId>;
  /** What waits until it has heard of a place. */
  readonly waiting: Map<number, () => void>;
  /** It has not said who is there. */
  isSilent: boolean;
}

/** Somebody asks where an id lives. */
interface Question {
  readonly id: NodeId;
  /** Called once; `false`: too many ask. */
  settle(isKnown: boolean): void;
}

/** What shard 0 does beside what every shard does: it knows where each peer lives, and sends callers there. */
export class ControlPlane implements CallRouting {
  readonly #shard: ControlledShard;
  readonly #placement: Placement;
  readonly #peersMaxOf: (shard: number) => number;
  readonly #nowMs: () => number;
  readonly #onKeptElsewhere: CallRouting['keepElsewhere'];
  readonly #others = new Map<number, Other>();
  #lastPlace = 0;
  /** What waits until all have said who is there. */
  readonly #unknown = new Set<Question>();
  /** Who greets the next caller that does not say who it is. */
  #turn = 0;

  /** `peersMax`: how many peers all shards take together; `peersMaxOf`: how many a shard takes. */
  constructor(
    shard: ControlledShard,
    peersMax: number,
    peersMaxOf: (shard: number) => number,
    nowMs: () => number,
    onKeptElsewhere: CallRouting['keepElsewhere'],
  ) {
    this.#shard = shard;
    this.#placement = new Placement(peersMax, (id, home) => this.#withdraw(id, home));
    this.#nowMs = nowMs;
    this.#onKeptElsewhere = onKeptElsewhere;
    this.#peersMaxOf = peersMaxOf;
    this.#placement.addShard(HERE, peersMaxOf(HERE));
  }

  /** Another shard runs, at the other end of `port`. */
  attach(shard: number, port: MessagePort): void {
    this.detach(shard);
    this.#others.set(shard, { port, told: new Set(), waiting: new Map(), isSilent: true });
    this.#placement.addShard(shard, this.#peersMaxOf(shard));
    listenTo(port, this.#shard, (message: ToControl) => this.#hear(shard, message));
  }

  /** It is gone, with its peers. */
  detach(shard: number): void {
    this.#others.get(shard)?.port.close();
    if (!this.#others.delete(shard)) return;
    this.#placement.removeShard(shard);
    this.#goOn();
  }

  /** Resolves, when all shards have said who is there, with where an id is placed from now on; `null`: nowhere, for want of room. Rejects with SHARD_FAILED when
   *  too many wait for that, and with the signal's reason. */
  place(id: NodeId, signal?: AbortSignal): Promise<number | null> {
    return new Promise((resolve, reject) => {
      const question: Question = {
        id,
        settle: (isKnown) => (isKnown ? resolve(this.#place(id)) : reject(shardDown(this.#silent() ?? HERE))),
      };
      const onAbort = (): void => {
        this.#unknown.delete(question);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#whenKnown(question);
    });
  }

  /** Gives up what is out of date. */
  expire(): void {
    this.#placement.expire(this.#nowMs());
  }

  answersHere(caller: NodeId, message: FirstMessage): boolean {
    // The caller tries again.
    if (!this.#isKnown(caller)) return false;
    const shard = this.#place(caller);
    if (shard === HERE) return true;
    // All places are taken by peers that are there: who is none of them has to try again.
    if (shard === null) return this.#shard.has(caller);
    this.#whenTold(shard, caller, message);
    return false;
  }

  livesHere(caller: NodeId): boolean {
    return this.#placement.find(caller) === HERE;
  }

  greetsHere(message: FirstMessage): boolean {
    const shards = this.#placement.shards;
    this.#turn = (this.#turn + 1) % shards.length;
    const shard = shards[this.#turn] ?? HERE;
    return shard === HERE || !this.#shard.handOver(shard, message);
  }

  claim(id: NodeId, remote: HostAndPort, settle: (isHere: boolean) => void): void {
    this.#whenKnown({ id, settle: (isKnown) => settle(isKnown && this.#claim(HERE, id, remote)) });
  }

  claimFound(id: NodeId): 'here' | number | null {
    if (!this.#isKnown(id)) return null;
    if (this.#placement.claim(id, HERE, this.#nowMs())) return 'here';
    return this.#place(id) ?? 'here';
  }

  keepElsewhere(found: PlacedElsewhere, hosts: readonly HostAndPort[], reason: string): void {
    this.#onKeptElsewhere(found, hosts, reason);
  }

  onMade(id: NodeId): void {
    if (this.#placement.arrived(id, HERE)) return;
    // Whoever makes it goes on with it first.
    queueMicrotask(() => this.#shard.close(id));
  }

  onGone(id: NodeId): void {
    this.#placement.left(id, HERE);
  }

  #hear(shard: number, message: ToControl): void {
    const other = this.#others.get(shard);
    if (other === undefined) return;
    switch (message.op) {
      case 'roster':
        other.isSilent = false;
        for (const id of message.ids) this.#arrived(shard, other, id);
        this.#goOn();
        return;
      case 'arrived':
        this.#arrived(shard, other, message.id);
        return;
      case 'left':
        other.told.delete(message.id);
        this.#placement.left(message.id, shard);
        return;
      case 'claim':
        this.#onClaim(shard, other, message);
        return;
      case 'placed':
        other.waiting.get(message.place)?.();
        other.waiting.delete(message.place);
        return;
    }
  }

  #onClaim(shard: number, other: Other, { id, claim, remote }: Extract<ToControl, { op: 'claim' }>): void {
    const settle = (isKnown: boolean): void => {
      const isThere = isKnown && this.#others.get(shard) === other && this.#claim(shard, id, remote);
      other.port.postMessage({ op: 'claimed', claim, isThere } satisfies FromControl);
    };
    this.#whenKnown({ id, settle });
  }

  #arrived(shard: number, other: Other, id: NodeId): void {
    if (this.#placement.arrived(id, shard)) other.told.add(id);
    else this.#tell(shard, { op: 'close', id });
  }

  /** Who lives in a shard that has not said so must not be given another place. */
  #isKnown(id: NodeId): boolean {
    return this.#placement.find(id) !== undefined || this.#silent() === null;
  }

  /** A shard that has not said who is there. */
  #silent(): number | null {
    for (const [shard, { isSilent }] of this.#others) if (isSilent) return shard;
    return null;
  }

  /** Settles it when it is known where the id lives, if anywhere: perhaps at once. */
  #whenKnown(question: Question): void {
    if (this.#isKnown(question.id)) question.settle(true);
    else if (this.#unknown.size >= UNANSWERED_MAX) question.settle(false);
    else this.#unknown.add(question);
  }

  /** What waited for a shard to speak goes on, or waits for another. */
  #goOn(): void {
    const questions = [...this.#unknown];
    this.#unknown.clear();
    for (const question of questions) this.#whenKnown(question);
  }

  #place(id: NodeId): number | null {
    return this.#placement.place(id, this.#nowMs());
  }

  /** Hands `message` to `shard`, once that has heard that `caller` lives there: otherwise it would send it back. */
  #whenTold(shard: number, caller: NodeId, message: FirstMessage): void {
    const other = this.#others.get(shard);
    if (other === undefined) return;
    if (other.told.has(caller)) {
      this.#shard.handOver(shard, message);
      return;
    }
    if (other.waiting.size >= UNANSWERED_MAX) return;
    const place = ++this.#lastPlace;
    const copy = kept(message);
    other.waiting.set(place, () => {
      // It was given up meanwhile.
      if (this.#placement.find(caller) !== shard) return;
      other.told.add(caller);
      this.#shard.handOver(shard, copy);
    });
    this.#tell(shard, { op: 'place', place, id: caller });
  }

  /** Whether an id that joined `shard` may live there. If not, it is called from where it lives. */
  #claim(shard: number, id: NodeId, remote: HostAndPort): boolean {
    if (this.#placement.claim(id, shard, this.#nowMs())) return true;
    const home = this.#place(id);
    if (home === HERE) this.#shard.callBack(id, remote);
    else if (home !== null) this.#tell(home, { op: 'callBack', id, remote });
    return false;
  }

  #withdraw(id: NodeId, shard: number): void {
    this.#others.get(shard)?.told.delete(id);
    this.#tell(shard, { op: 'withdraw', id });
  }

  #tell(shard: number, message: FromControl): void {
    this.#others.get(shard)?.port.postMessage(message);
  }
}
