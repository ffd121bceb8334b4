/** A node's options and events. Types only. */
import type { OsierError } from '../errors/index.js';
import type { Identity, NodeId } from '../identity/index.js';
import type { TracingHook } from './observing.js';
import type { Path, Peer } from './peers.js';
import type { Logger, TimedWaitOptions } from './waiting.js';

/** Options of {@link MeshNode.create}. Only `identity` and `network` are required. */
export interface MeshNodeOptions {
  /** An identity, or the path of a key file that exists. */
  identity: Identity | string | URL;
  /** What admits to this network. */
  network: NetworkOptions;
  /** `udp://host:port`, one or several. Default `udp://[::]:0`: both families, a free port. */
  listen?: string | readonly string[] | undefined;
  /** `host:port` to announce in addition, such as a forwarded port. Default: none. */
  advertise?: readonly string[] | undefined;
  /** Addresses that are kept connected for as long as the node lives. Default: none. */
  peers?: readonly string[] | undefined;
  /** Decides on peers that connect to this node, after they proved their key; `false` gives them REFUSED. Default: all members. */
  accept?: ((candidate: { readonly id: NodeId; readonly path: Path }) => boolean | Promise<boolean>) | undefined;
  /** Forwarding for others; `{}` turns it on without a bound on its rate. Default: off. Not with `shards` of 2 and more. */
  relay?: RelayOptions | undefined;
  /**
   * How soon a silent hop is suspected: 'lan' within about 30 ms, at the price of a probe each 10 ms while something is sent. Default 'wan'. 'lan' is not
   * there with `shards` of 2 and more.
   */
  liveness?: 'wan' | 'lan' | undefined;
  /** Where to look for peers and ways to them, besides `peers` and the mesh itself. Default: nowhere else. */
  discovery?: DiscoveryOptions | undefined;
  /** Keep-alive interval of idle paths. 'auto' (default): 25,000 ms behind NAT, otherwise none. 0: none. */
  keepAliveMs?: number | 'auto' | undefined;
  /** An association without open streams ends after this much silence; the next use begins another. Default 600,000. 0: never. */
  idleTimeoutMs?: number | undefined;
  /** Streams end with PEER_LOST when nothing came back on any path for this long. Default 30,000. */
  peerLostAfterMs?: number | undefined;
  /** Poll for packets for up to this long (0 to 1,000,000) before sleeping: the lowest latency, for a core's whole time. 0 or absent: off. */
  spin?: { maxMicros: number } | undefined;
  /** 'auto' (default) takes AES-256-GCM where both ends have the instructions, ChaCha20-Poly1305 otherwise. */
  cipher?: 'auto' | 'chacha20-poly1305' | 'aes-256-gcm' | undefined;
  /** How sending finds its rate. Default 'cubic'. 'bbr' stands random loss and keeps queues short; docs/architecture.md says when to take it. */
  congestion?: 'cubic' | 'bbr' | undefined;
  /** Bounds on what peers can make this node hold. */
  limits?: LimitOptions | undefined;
  /** Worker threads with a socket each. Default 0: all runs on the calling thread, with the lowest latency. */
  shards?: number | undefined;
  /** A {@link ShardModule} that every shard loads. Default: none; handlers run on the calling thread. Needs `shards` >= 1. */
  handlers?: URL | undefined;
  /** Structured-cloned into {@link ShardContext.data}. Default: none. */
  shardData?: unknown;
  /** Receives what an operator should read; a pino logger fits. Default: silent. */
  logger?: Logger | undefined;
  /** Called around streams to make spans; see `osier/metrics/otel`. Default: none. */
  tracing?: TracingHook | undefined;
}

/**
 * Who belongs to a network: all that hold its secret, 32 random bytes or their text as `osier keygen --network` prints it. With `[current, previous]`
 * both are accepted and the first is sent. A passphrase is stretched once with Argon2id, which takes about a second.
 */
export type NetworkOptions =
  | { readonly secret: NetworkSecret | readonly [current: NetworkSecret, previous: NetworkSecret] }
  | { readonly passphrase: string };

/** One secret; a string is its text, never a passphrase. */
export type NetworkSecret = Uint8Array | string;

/** Further ways to find peers; each is off unless it is set. */
export interface DiscoveryOptions {
  /** A file of the peers known last, tried at the next start; written atomically. Not with `shards` of 2 and more. */
  cacheFile?: string | URL | undefined;
}

/** Bounds on the traffic forwarded for others; relays serve authenticated neighbours only and can read nothing. */
export interface RelayOptions {
  /** Default: none. */
  maxBytesPerSecond?: number | undefined;
  /** Queue per next hop; beyond it packets are dropped and counted. Default 4 MiB. */
  queueBytes?: number | undefined;
}

/** Bounds; an attempt to pass one is refused with LIMIT (here) or REFUSED (there), and counted. */
export interface LimitOptions {
  /** Everything held for peers: windows, queues, half-open handshakes. Default 512 MiB. */
  memoryBytes?: number | undefined;
  /** Default 10,000. */
  peers?: number | undefined;
  /** Open at once, each way. Default 1,024. */
  streamsPerPeer?: number | undefined;
  /** What a stream's receive window may grow to. Default 16 MiB: 1 Gbit/s at 100 ms. */
  streamWindowBytes?: number | undefined;
  /** The largest message or datagram, each way. Default 16 MiB. Where it is given, `memoryBytes` must be two and a half times as much, for each shard. */
  messageBytes?: number | undefined;
}

/** What {@link MeshNode.reload} can change; what is absent stays. */
export interface ReloadOptions {
  network?: NetworkOptions | undefined;
  /** Replaces {@link MeshNodeOptions.peers}. */
  peers?: readonly string[] | undefined;
  /** Revocations and successors, added to those known and passed on to the mesh; see {@link Identity}. */
  statements?: readonly Uint8Array[] | undefined;
}

/** Options of {@link MeshNode.connect}. */
export interface ConnectOptions extends TimedWaitOptions {
  /** Go through this relay, an id or an address with one, and never directly. Default: the best way there is. Not with `shards` of 2 and more. */
  via?: string | undefined;
  /** After a loss: 'on-use' (default) connects again when a stream is opened, 'always' at once and until {@link Peer.close}. */
  reconnect?: 'on-use' | 'always' | undefined;
}

/** Events of a node. None needs a listener. */
export interface MeshNodeEvents {
  /** A peer that was not in {@link MeshNode.peers} before is connected. */
  peer: [peer: Peer];
  /** Something that an operator should know and that ended nothing of the node, such as a handler that threw. */
  warning: [error: OsierError];
  /** The last event: by `close()` with `null`, or by a failure that ended the node. */
  close: [error: OsierError | null];
}
