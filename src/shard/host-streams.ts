import type { IncomingStream } from '../node/serve-stream.js';
import { protocolOf } from '../node/serve-stream.js';
import type { Association, MeshPeer, PeerContext, StreamShape } from '../peer/index.js';
import { EngineStreamPort, ResetReason, STREAM_KINDS } from '../stream/index.js';
import { CrossingBudget } from './crossing-budget.js';
import type { HostPeers } from './host-peers.js';
import type { Outbox } from './outbox.js';
import type { FromShard, StreamOrder } from './protocol.js';
import { RelayedStream } from './relayed-stream.js';

/** A stream in this shard's engine. */
interface EngineStream {
  readonly peer: MeshPeer;
  readonly association: Association;
  readonly handle: number;
}

/** The streams of this shard whose applications are on the main thread. */
export class HostStreams {
  readonly #outbox: Outbox<FromShard>;
  readonly #peers: HostPeers;
  readonly #streams = new Map<number, RelayedStream>();
  /** Of what is on its way to the main thread. */
  readonly #crossing: CrossingBudget;
  /** Where {@link HostStreams.tellSome} goes on. */
  #next: Iterator<RelayedStream> | null = null;
  #lastId = 0;

  /** `crossingBytes`: what may be on its way to the main thread. */
  constructor(outbox: Outbox<FromShard>, peers: HostPeers, crossingBytes: number) {
    this.#crossing = new CrossingBudget(crossingBytes);
    this.#outbox = outbox;
    this.#peers = peers;
  }

  /** Bytes on their way to the main thread, or unread there. */
  get crossingBytes(): number {
    return this.#crossing.usedBytes;
  }

  /** Gives a stream that a peer opened to the main thread. */
  forward(context: PeerContext, incoming: IncomingStream): void {
    const { peer, association, handle, head } = incoming;
    const port = new EngineStreamPort(context.engine, context.flusher, association.handle, handle);
    const kind = STREAM_KINDS[incoming.kind];
    if (context.closedBy !== null || peer.closing !== null || kind === undefined) {
      port.reset(ResetReason.shutdown, 0);
      return;
    }
    const stream = this.relay(context, incoming, { protocol: protocolOf(head), kind });
    association.addStream(stream, false);
    context.observer.onStream(stream, 'handler');
    const told = { stream: stream.id, peer: this.#peers.keyOf(peer), kind: incoming.kind, head: head.slice() };
    this.#outbox.push({ op: 'opened', ...told, told: stream.told() });
  }

  /** What leads to the main thread's end of a stream. */
  relay({ engine, flusher }: PeerContext, { peer, association, handle }: EngineStream, shape: Pick<StreamShape, 'protocol' | 'kind'>): RelayedStream {
    const id = ++this.#lastId;
    const port = new EngineStreamPort(engine, flusher, association.handle, handle);
    const stream = new RelayedStream(
      this.#outbox,
      id,
      port,
      this.#crossing,
      { ...shape, peer },
      {
        onPriority: (priority) => engine.setPriority(association.handle, handle, priority),
        onNews: () => this.#peers.touch(peer),
      },
    );
    this.#streams.set(id, stream);
    stream.closed.then(() => this.#streams.delete(id));
    return stream;
  }

  /** Tells the counters of the next `count` streams. */
  tellSome(count: number): void {
    for (let done = 0; done < count; done++) {
      this.#next ??= this.#streams.values();
      const next = this.#next.next();
      if (next.done) {
        this.#next = null;
        return;
      }
      next.value.tellCounted();
    }
  }

  obey(order: StreamOrder): void {
    this.#streams.get(order.stream)?.obey(order);
  }
}
