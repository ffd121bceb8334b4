import type { MessagePort } from 'node:worker_threads';
import type { HostAndPort, NodeId } from '../identity/index.js';
import type { CallRouting, FirstMessage } from '../peer/index.js';
import { type ControlledShard, type FromControl, listenTo, type ToControl, UNANSWERED_MAX } from './control.js';

/** The shard that has the table. */
const CONTROL = 0;

/** Where peers live, as a shard knows it that does not have the table: its own, and whom to ask for the others. */
export class ControlClient implements CallRouting {
  readonly #shard: ControlledShard;
  /** Placed here, and not gone. */
  readonly #here = new Set<NodeId>();
  readonly #claims = new Map<number, (isHere: boolean) => void>();
  #lastClaim = 0;
  #port: MessagePort | null = null;

  constructor(shard: ControlledShard) {
    this.#shard = shard;
  }

  /** There is a shard 0, or another than before, at the other end of `port`. */
  attach(_shard: number, port: MessagePort): void {
    this.detach();
    this.#port = port;
    // What another gave a place that did not come has none with this one; the rest is in the roster.
    this.#here.clear();
    listenTo(port, this.#shard, (message: FromControl) => this.#hear(message));
    this.#tell({ op: 'roster', ids: this.#shard.ids() });
  }

  /** Shard 0 is gone: what was asked is not answered. */
  detach(): void {
    this.#port?.close();
    this.#port = null;
    const claims = [...this.#claims.values()];
    this.#claims.clear();
    for (const settle of claims) settle(false);
  }

  answersHere(caller: NodeId, message: FirstMessage): boolean {
    if (this.livesHere(caller)) return true;
    this.#shard.handOver(CONTROL, message);
    return false;
  }

  livesHere(caller: NodeId): boolean {
    return this.#here.has(caller) || this.#shard.has(caller);
  }

  greetsHere(): boolean {
    return true;
  }

  claim(id: NodeId, remote: HostAndPort, settle: (isHere: boolean) => void): void {
    if (this.livesHere(id)) {
      settle(true);
      return;
    }
    if (this.#port === null || this.#claims.size >= UNANSWERED_MAX) {
      settle(false);
      return;
    }
    const claim = ++this.#lastClaim;
    this.#claims.set(claim, settle);
    this.#tell({ op: 'claim', claim, id, remote });
  }

  /** Nobody but shard 0 looks for peers by address. */
  claimFound(): 'here' {
    return 'here';
  }

  keepElsewhere(): void {}

  onMade(id: NodeId): void {
    this.#here.add(id);
    this.#tell({ op: 'arrived', id });
  }

  onGone(id: NodeId): void {
    this.#here.delete(id);
    this.#tell({ op: 'left', id });
  }

  #hear(message: FromControl): void {
    switch (message.op) {
      case 'place':
        this.#here.add(message.id);
        this.#tell({ op: 'placed', place: message.place });
        return;
      case 'withdraw':
        if (this.#shard.has(message.id)) this.#tell({ op: 'arrived', id: message.id });
        else this.#here.delete(message.id);
        return;
      case 'claimed':
        this.#claims.get(message.claim)?.(message.isThere);
        this.#claims.delete(message.claim);
        return;
      case 'callBack':
        this.#shard.callBack(message.id, message.remote);
        return;
      case 'close':
        this.#shard.close(message.id);
        return;
    }
  }

  #tell(message: ToControl): void {
    this.#port?.postMessage(message);
  }
}
