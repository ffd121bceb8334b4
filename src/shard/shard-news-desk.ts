import type { DiagnosticsPayloads } from '../api/observing.js';
import type { PathChange, PeerState } from '../api/peers.js';
import type { NodeInfo } from '../api/stats.js';
import { safely } from '../errors/safely.js';
import { offerStream } from '../node/serve-stream.js';
import { publish, publishStream } from '../observe/index.js';
import { decodeOsierError, pack, unpack } from './error-codec.js';
import type { RemotePeer } from './remote-peer.js';
import { RouteMirror } from './route-mirror.js';
import type { ShardLink, ShardNews } from './shard-link.js';
import type { ShardedNode } from './sharded-node.js';

/** Takes in what the shards tell, and passes it on to whom it concerns: peers, handlers, listeners, the logger. */
export class ShardNewsDesk {
  readonly routes: RouteMirror;
  readonly #node: ShardedNode;

  constructor(node: ShardedNode) {
    this.#node = node;
    this.routes = new RouteMirror(() => node.clock.nowMs());
  }

  take(shard: ShardLink, news: ShardNews): void {
    const { peers } = this.#node;
    switch (news.op) {
      case 'peer':
        peers.add(shard, news.peer, news.id, { block: news.block, slot: news.slot });
        return;
      case 'state':
        this.#onState(shard, news.peer, unpack(news.state) as PeerState, news.verified);
        return;
      case 'path':
        this.#onPath(shard, news.peer, unpack(news.change) as PathChange);
        return;
      case 'known':
        this.#onKnown(shard, news.peer, news.verified);
        return;
      case 'gone':
        peers.remove(shard, news.peer);
        shard.outbox.push({ op: 'forgotten', peer: news.peer });
        return;
      case 'handshake':
        publish('osier:handshake', () => unpack(news.report) as DiagnosticsPayloads['osier:handshake']);
        return;
      case 'route':
        this.#onRoute(unpack(news.change) as DiagnosticsPayloads['osier:route']);
        return;
      case 'log':
        this.#log(news);
        return;
      case 'warning':
        this.#node.warn(decodeOsierError(news.error));
        return;
      case 'ask':
        this.#ask(shard, news.ask, news.candidate);
        return;
      case 'opened':
        this.#onOpened(shard, news);
        return;
      case 'handled':
        this.#onHandled(shard, news.protocol, news.handled);
        return;
      case 'pinned':
        this.#node.shards.directory.pins.adopt(news.hosts, news.id);
        return;
      case 'info':
        this.#node.shards.onInfo(news.info as NodeInfo);
        return;
      case 'statement':
        this.#node.shards.onStatement(shard, news.bytes, news.from);
        return;
      case 'keptElsewhere':
        this.#node.shards.kept.keepFound(news.id, news.hosts, news.reason);
        return;
    }
  }

  /** The shard died, and its peers have no home until something is asked of them, or they call. */
  evict(shard: ShardLink, error: DiagnosticsPayloads['osier:handshake']['error']): void {
    for (const change of this.routes.takeAll()) publish('osier:route', () => change);
    for (const peer of this.#node.peers.evict(shard)) {
      // Whoever closes it hears the end from its close.
      if (peer.state.status === 'closed' || peer.closing !== null) continue;
      if (peer.state.status !== 'idle') this.#tellState(peer, { status: 'idle' });
      if (peer.path !== null) this.#tellPath(peer, { from: peer.path, to: null, cause: { kind: 'disconnected', error } });
    }
  }

  /** The peer is closed, and no shard tells so. */
  end(peer: RemotePeer): void {
    if (peer.state.status === 'closed') return;
    this.#node.peers.forget(peer);
    peer.moveOut();
    this.#tellState(peer, { status: 'closed', error: null });
    if (peer.path !== null) this.#tellPath(peer, { from: peer.path, to: null, cause: { kind: 'disconnected', error: null } });
  }

  /** What the shard before it handled, and this one does not, is free. */
  onStarted(shard: ShardLink): void {
    for (const [protocol, shards] of this.#node.handledInShards) {
      const before = shards.get(shard.index);
      if (before !== undefined && before !== shard) this.#onHandled(before, protocol, false);
    }
  }

  #onRoute(change: DiagnosticsPayloads['osier:route']): void {
    publish('osier:route', () => change);
    this.routes.take(change);
  }

  #onState(shard: ShardLink, key: number, state: PeerState, verified: 'id' | 'network'): void {
    const { peers } = this.#node;
    const peer = peers.in(shard, key);
    if (peer === undefined || peer.state.status === 'closed') return;
    if (state.status === 'closed') peers.forget(peer);
    peer.onVerified(verified);
    if (state.status === 'connected') this.#node.shards.kept.onConnected(peer.id);
    this.#tellState(peer, state);
  }

  #onPath(shard: ShardLink, key: number, change: PathChange): void {
    const peer = this.#node.peers.in(shard, key);
    if (peer !== undefined) this.#tellPath(peer, change);
  }

  #tellState(peer: RemotePeer, state: PeerState): void {
    publish('osier:peer:state', () => ({ peer: peer.id, state }));
    peer.enter(state);
    if (state.status === 'closed' && this.#node.closedBy === null) this.#node.shards.kept.onClosed(peer);
  }

  #tellPath(peer: RemotePeer, change: PathChange): void {
    publish('osier:path', () => ({ peer: peer.id, change }));
    peer.moveTo(change);
  }

  #onKnown(shard: ShardLink, key: number, verified: 'id' | 'network'): void {
    const peer = this.#node.peers.publish(shard, key);
    peer?.onVerified(verified);
    if (peer !== null) safely(() => this.#node.events?.emit('peer', peer));
  }

  #log({ level, fields, message }: Extract<ShardNews, { op: 'log' }>): void {
    const { logger } = this.#node.options;
    if (logger !== null) safely(() => logger[level](unpack(fields) as object, message));
  }

  #ask(shard: ShardLink, ask: number, candidate: unknown): void {
    const { accept } = this.#node.options;
    // Only `true` admits: an application that forgets to answer admits nobody.
    const answer = async (): Promise<boolean> => accept === undefined || (await accept(candidate as Parameters<typeof accept>[0])) === true;
    answer().then(
      (admitted) => shard.outbox.push({ op: 'admit', ask, admitted, error: undefined }),
      (error: unknown) => shard.outbox.push({ op: 'admit', ask, admitted: false, error: pack(error ?? new Error('accept threw nothing')) }),
    );
  }

  #onOpened(shard: ShardLink, { stream, peer: key, kind, head, told }: Extract<ShardNews, { op: 'opened' }>): void {
    const peer = this.#node.peers.in(shard, key);
    if (peer === undefined) return;
    offerStream(this.#node, this.#node.handlers, {
      peer,
      kind,
      head,
      refuse: (reason, code) => {
        shard.outbox.push({ op: 'reset', stream, reason, code });
        shard.outbox.push({ op: 'over', stream, error: null, stats: null });
      },
      take: (shape) => {
        const end = this.#node.streamOf(peer, shard, stream, told, shape);
        shard.streams.get(stream)?.setPriority(shape.priority);
        publishStream(end, 'handler');
        return end;
      },
    });
  }

  #onHandled(shard: ShardLink, protocol: string, handled: boolean): void {
    const { handledInShards } = this.#node;
    const shards = handledInShards.get(protocol) ?? new Map<number, ShardLink>();
    if (handled) shards.set(shard.index, shard);
    else if (shards.get(shard.index) === shard) shards.delete(shard.index);
    if (shards.size === 0) handledInShards.delete(protocol);
    else handledInShards.set(protocol, shards);
  }
}
