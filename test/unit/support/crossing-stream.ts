/** A stream between two threads, without threads: its end here, what leads to the engine there, and an engine that does what the test says. */
import type { Peer } from '../../../src/api/peers.js';
import type { StreamKind } from '../../../src/api/streams.js';
import { CrossingBudget } from '../../../src/shard/crossing-budget.js';
import { Outbox } from '../../../src/shard/outbox.js';
import type { FromShard, StreamNews, StreamOrder, ToShard } from '../../../src/shard/protocol.js';
import { RelayedStream } from '../../../src/shard/relayed-stream.js';
import { RemotePort } from '../../../src/shard/remote-port.js';
import type { ByteStreamEnd } from '../../../src/stream/byte-stream.js';
import { EngineStreamPort, makeStream } from '../../../src/stream/index.js';
import type { MessageStreamEnd } from '../../../src/stream/message-stream.js';
import { FakeEngine } from './fake-engine.js';
import { noFlusher, TestClock } from './messages.js';

const MIB = 1_024 * 1_024;

/** What both threads may have under way. */
export interface CrossingBudgets {
  readonly toShard: CrossingBudget;
  readonly fromShard: CrossingBudget;
}

/** More than any test needs. */
export const plenty = (): CrossingBudgets => ({ toShard: new CrossingBudget(64 * MIB), fromShard: new CrossingBudget(64 * MIB) });

/** See the file's head. */
export class CrossingStream {
  readonly engine = new FakeEngine(null, () => {});
  readonly priorities: number[] = [];
  readonly relay: RelayedStream;
  readonly remote: RemotePort;
  /** Of 'bytes'. */
  readonly end: ByteStreamEnd;
  /** Of 'messages' or 'datagrams'. */
  readonly messages: MessageStreamEnd;
  /** Bytes that crossed, both ways. */
  crossedBytes = 0;
  /** Says what the application has to say, and the shard. */
  readonly toShard: Outbox<ToShard>;
  readonly toMain: Outbox<FromShard>;

  constructor(kind: StreamKind, budgets: CrossingBudgets = plenty()) {
    const never = (): void => {};
    this.toShard = new Outbox<ToShard>({ postMessage: (entries, transfer) => this.#obey(clone<StreamOrder[]>(entries, transfer)) }, never);
    this.toMain = new Outbox<FromShard>({ postMessage: (entries, transfer) => this.#hear(clone<StreamNews[]>(entries, transfer)) }, never);
    const port = new EngineStreamPort(this.engine, noFlusher(), 1, 1);
    const facts = { protocol: 'x', kind, peer: {} as Peer };
    const listener = { onPriority: (one: number) => this.priorities.push(one), onNews: never };
    this.relay = new RelayedStream(this.toMain, 7, port, budgets.fromShard, facts, listener);
    this.remote = new RemotePort(this.toShard, 7, kind, budgets.toShard, this.relay.told());
    const delivery = { ordered: true, lifetimeMs: null };
    const made = makeStream(kind, this.remote, { ...facts, priority: 3 }, delivery, { messageBytes: 16 * MIB, clock: new TestClock() });
    [this.end, this.messages] = [made as ByteStreamEnd, made as MessageStreamEnd];
    this.remote.attach(made, never);
  }

  /** Everything that either thread has to say, until neither has. */
  exchange(): void {
    for (let rounds = 0; rounds < 50; rounds++) {
      this.toShard.flush();
      this.toMain.flush();
    }
  }

  #obey(orders: readonly StreamOrder[]): void {
    for (const order of orders) {
      if ('bytes' in order && typeof order.bytes !== 'number') this.crossedBytes += order.bytes.length;
      this.relay.obey(order);
    }
  }

  #hear(all: readonly StreamNews[]): void {
    for (const news of all) {
      if (news.op === 'data') this.crossedBytes += news.bytes.length;
      this.remote.hear(news);
    }
  }
}

/** What the other thread gets: a clone, with the memory of what was given away. */
function clone<T>(entries: unknown, transfer: readonly unknown[]): T {
  return structuredClone(entries, { transfer: [...transfer] as ArrayBuffer[] }) as T;
}
