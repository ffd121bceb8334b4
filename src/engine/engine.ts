/**
 * The engine as the rest of the library sees it: everything that happens per packet, behind methods that cost one crossing each and one callback a
 * batch. The addon implements it; a virtual network can implement it too.
 */

/** Bounds and times that the engine enforces. Times in microseconds; 0 switches a timer off. */
export interface EngineConfig {
  readonly idleTimeoutMicros: number;
  readonly peerLostAfterMicros: number;
  readonly keepAliveMicros: number;
  readonly memoryBytes: number;
  readonly peers: number;
  readonly streamsPerPeer: number;
  readonly streamWindowBytes: number;
  /** The largest message either way. */ readonly messageBytes: number;
  /** Credit that every peer has before the first grant, as the handshake tells it. */ readonly initialDataBytes: number;
  readonly initialStreamDataBytes: number;
  /** UDP payload of a full packet at first: 1,200 (the base that every path carries) to 65,507. */ readonly mtuBytes: number;
  /** Larger sizes are probed for up to this, at most 65,507; the size is fixed where it is left out. */ readonly mtuCeilingBytes?: number;
  /** How new associations find their window. 0: CUBIC, 1: BBR. */ readonly congestion: number;
  /** Top byte of every receiver index, less than {@link shards}. Default 0. */ readonly shard?: number;
  /** Engines that share a port, this one included; at most 256. What arrives here for another of them goes there. Default 1. */ readonly shards?: number;
  /** The native engine polls its sockets for so long before its loop sleeps; left out or 0: not at all. Others say that they don't. */
  readonly spinMicros?: number;
  /** What relays know this node by, {@link ROUTE_ID_BYTES} bytes; left out: nothing is relayed to it or by it. */ readonly routeId?: Uint8Array;
  /** What is forwarded for others; left out: nothing. */ readonly relay?: RelayConfig;
  /** The packet number that associations begin with. Default 0; another is for tests that want to be near the end of a generation of keys. */
  readonly firstPacketNumber?: number;
}

/** What a relay lets others take of it. */
export interface RelayConfig {
  /** 0: no bound. */ readonly maxBytesPerSecond: number;
  /** Bytes that may wait for one neighbour. */ readonly queueBytes: number;
}

/** An opaque record of {@link PATH_RECORD_BYTES} bytes: socket, remote and local address. */
export type PathRecord = Uint8Array;

/** One association's fixed facts. */
export interface AssociationConfig {
  /** 0 where this node's id is the smaller one, else 1: the lowest bit of the stream ids it opens. */ readonly parity: 0 | 1;
  /** What the peer allows before its first grants. */
  readonly peerMaxData: number;
  readonly peerMaxStreamData: number;
  readonly peerMaxStreams: number;
  /** What relays know the peer by; left out: nothing is relayed by it or through it. */ readonly peerRouteId?: Uint8Array;
}

/** Keys and indices from one finished handshake. */
export interface SessionConfig {
  readonly localIndex: number;
  readonly remoteIndex: number;
  /** 0: ChaCha20-Poly1305, 1: AES-256-GCM. */ readonly cipher: number;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** 16 bytes each, for relayed packets between these two: both, or neither. */ readonly sendHopKey?: Uint8Array;
  readonly receiveHopKey?: Uint8Array;
  /** The least packet number that each side uses under these keys. */ readonly firstSend: bigint;
  readonly firstReceive: bigint;
  /** Where this end asked, or where the message came from that it answered. */ readonly path: PathRecord;
  /** This end asked: the path is right until the peer proves another. */ readonly begunHere: boolean;
  /** True for the initiator. A responder's session sends nothing before the first authentic packet. */ readonly confirmed: boolean;
  /** True: new packets go out on this session from now on (for an unconfirmed one: from its confirmation on). */ readonly preferred: boolean;
}

/** What was chosen on this machine, and why something usual is not in use. */
export interface EngineInfo {
  readonly kind: 'native' | 'dgram' | 'simulated';
  readonly features: readonly string[];
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly reasons: readonly string[];
}

/** Why an engine that something else drives does not spin; none where that was not asked for. */
export function reasonsAgainstSpin({ spinMicros = 0 }: EngineConfig): readonly string[] {
  return spinMicros === 0 ? [] : ['spin has no effect: only the native driver polls its sockets itself.'];
}

/** Called once per batch with the number of records in {@link Engine.events}. Must not throw. */
export type BatchListener = (records: number) => void;

/** See the file's head. Methods that take handles answer -1 (or do nothing) for a handle that is dead. */
export interface Engine {
  /** Records of the present batch, valid inside the listener only; then the word of `isDelivering`. */ readonly events: Uint32Array;
  /** Bytes that the records point to; valid inside the listener only. */ readonly bytes: Uint8Array;

  /**
   * Binds one socket. `host` is numeric. Returns the bound port. Throws the system's error (`code`, `syscall`). `sharesPort`: engines of this user that
   * say so too may bind the same address, those of other nodes and processes included: to find out whether an address is free, bind it without sharing
   * first. Shards bind the same ones in the same order. Default false.
   */
  bind(host: string, port: number, sharesPort?: boolean): { readonly socket: number; readonly port: number };
  /**
   * Takes the place of this engine's shard in a group of this process, so that the others can leave for it what is its; who had the place loses it. The
   * place is given up with {@link close}, or the environment. A group's number is drawn at random. Throws where there are no shards.
   */
  joinShardGroup(group: bigint): void;
  /**
   * Has the kernel steer what arrives at the addresses of this engine, for all that share them: `order[position]` is the shard of the engine that was
   * bound as the `position`-th. When one of them closes its sockets the last one takes its position: then any of them steers anew. Throws the system's
   * error (`code`, `syscall`) where that is refused.
   */
  steer(order: Uint8Array): void;
  /**
   * Leaves a first message, as {@link EventKind.handshake} told it, with another shard, whose engine tells the same record. False: that shard is not
   * there, or as many wait for it as may.
   */
  handOver(shard: number, admissionKey: number, message: Uint8Array, proven: boolean): boolean;

  /** A path to a numeric address from the first socket of its family. Throws when no socket has it. */ pathTo(
    host: string,
    port: number,
  ): PathRecord;

  /** The keys of first messages meant for this node: pairs of 32 bytes each, for mac1 and for cookies. */ setAdmissionKeys(keys: Uint8Array): void;
  /** Reserves a receiver index; replies to it must carry a mac1 by this key. */ reserveIndex(mac1Key: Uint8Array): number;
  releaseIndex(index: number): void;
  sendDatagram(path: PathRecord, datagram: Uint8Array): void;
  /** Answers a first message with a cookie: its sender must prove its address. */ sendCookie(path: PathRecord, firstMessage: Uint8Array): void;

  /**
   * A data packet with the close code and nothing else, for a session that is never installed: a no that takes neither an association nor an index. Its
   * keys must serve for nothing else.
   */
  sealRefusal(session: SessionConfig, closeCode: number): Uint8Array;

  /** Returns a handle, or -1 when the memory or peer limit is reached. */ createAssociation(config: AssociationConfig): number;
  /** False: the association has ended or is ending; the reserved index is given back. */ installSession(
    association: number,
    session: SessionConfig,
  ): boolean;
  /** The next packet number that this association would send: the new session's `firstSend`. */ nextPacketNumber(association: number): bigint;
  /** Tells the peer and ends. No event follows. */ closeAssociation(association: number, closeCode: number, reason: Uint8Array): void;
  /** Ends without a word. No event follows. */ dropAssociation(association: number): void;
  /** Asks for an acknowledgement at once; a pong record follows. */ ping(association: number, token: number): void;
  /** Tells the peer to open no new streams. */ drain(association: number): void;

  /**
   * The policy's move: packets go this way from now on, and what was under way goes again at once. The association stays there until the next move, or until
   * the peer proves that it has moved. No pathChanged record follows. False: it has ended, or has no session yet.
   */
  movePath(association: number, path: PathRecord): boolean;
  /**
   * Asks whether the peer answers at a candidate, by the smallest packet that there is, three times at most; a pathProbed record follows, and nothing else.
   * False: the association cannot send, or asks at {@link PATH_PROBES_MAX} candidates already.
   */
  probePath(association: number, path: PathRecord, token: number): boolean;
  /**
   * Watches the present path, whichever it is: within a second after it was used its other end is asked once an interval, unless something else shows that
   * it is there. hopSuspected and hopRecovered records follow, in turns. 0: no more.
   */
  setLiveness(association: number, intervalMicros: number): void;
  /**
   * Asks the relay that is `ttl` hops away on a relayed path who it is; beyond the last relay the far end answers. A traceAnswered record follows, or nothing:
   * a relay answers for a pair of ends ten times a second at most. `ttl`: 1 to 32. False: the path is not relayed, or nothing can be sent.
   */
  traceHop(association: number, ttl: number, token: number): boolean;

  /** Returns a handle; -1 at the peer's stream limit (a moreStreams record follows); -2 when this node's memory budget is spent. */
  openStream(association: number, kind: number, priority: number, protocol: Uint8Array, metadata: Uint8Array): number;
  setPriority(association: number, stream: number, priority: number): void;
  /** Copies what fits and returns how many bytes; fewer than given: a streamWritable record follows. -1: the sending side has ended. */
  write(association: number, stream: number, bytes: Uint8Array): number;
  /** How many bytes {@link Engine.write} would take now. */ room(association: number, stream: number): number;
  /**
   * Copies one message (kind 'messages') or datagram (kind 'datagrams') for sending. `options`: bit 0: unordered; bit 1: tell its fate. `lifetimeMicros`
   * 0: none. `token`: a u32, told back in messageSettled when bit 1 is set. Returns 0: accepted; 1: no room now (a streamWritable record follows);
   * 2: larger than this end or the peer allows (never accepted); -1: sending has ended, or a dead handle.
   */
  sendMessage(association: number, stream: number, bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number;
  /**
   * Bytes of messages that a stream is sure to take before its loop's next turn, each with 16 bytes beside its own; 0 for a dead handle, or where sending
   * has ended.
   */
  messageRoom(association: number, stream: number): number;
  /**
   * {@link sendMessage} for many at a time, without lifetimes, and without their fates. `bytes` holds them back to back, `lengths` their lengths. The first
   * `runCount` runs of four numbers in `runs` say whose they are: association, stream, options (bit 0: unordered), how many messages. Stops at the first
   * that is not taken; returns how many were.
   */
  sendMessages(bytes: Uint8Array, lengths: Uint32Array, runs: Uint32Array, runCount: number): number;
  /**
   * Copies whole messages or datagrams, back to back, into `into`, and their lengths into `lengths`, as many as fit; gives credit for them. Returns
   * their count: 0 when none is there; -1 at the end or for a dead handle; -2 when the first is longer than `into`: lengths[0] is then its length.
   */
  readMessages(association: number, stream: number, into: Uint8Array, lengths: Uint32Array): number;
  /** The largest datagram that goes as one packet on the present path (0 while there is none). */
  maxDatagramBytes(association: number, stream: number): number;
  finish(association: number, stream: number): void;
  reset(association: number, stream: number, reason: number, code: number): void;
  stop(association: number, stream: number, code: number): void;
  /** Copies what there is, and gives credit for it; returns the count: 0 when nothing is there, -1 at the end or for a dead handle. */
  read(association: number, stream: number, into: Uint8Array): number;
  /** The contiguous part at the head of the receive ring, without a copy; `null` when nothing is there. Valid until {@link Engine.consume}. */
  peek(association: number, stream: number): Uint8Array | null;
  consume(association: number, stream: number, byteCount: number): void;
  /** A streamFlushed record follows when all that was accepted so far is acknowledged (at once when it is already). */ watchAcknowledged(
    association: number,
    stream: number,
  ): void;

  /** sent, acknowledged, received, consumed, sendBuffered, receiveBuffered. False for a dead handle. */
  streamStats(association: number, stream: number, into: BigUint64Array): boolean;
  /** messagesSent, messagesDelivered, messagesExpired, messagesUnknown, messagesReceived, messagesDropped (for datagrams: delivered = acknowledged, expired = presumed
   *  lost). False for a dead handle. */
  messageStats(association: number, stream: number, into: BigUint64Array): boolean;
  /** packetsSent, packetsReceived, bytesSent, bytesReceived, packetsLost, rttMicros, rttVarianceMicros, mtuBytes, congestionWindowBytes, bytesInFlight, hasRtt, packetsInUse:
   *  those, sent and received, with more than acknowledgements, probes and what keeps an association. */
  associationStats(association: number, into: BigUint64Array): boolean;
  /** The present path of an association. */ associationPath(association: number): PathRecord | null;
  /**
   * Sets and removes routes, all at once: records of {@link ROUTE_RECORD_BYTES} bytes, little-endian: RouteId of the destination [8], handle of the next
   * neighbour's association (u32, {@link NO_HANDLE}: there is no route any more), the largest end-to-end packet that passes (u32). Associations whose
   * packets go another way from now on send again what was under way on the old one.
   */
  setRoutes(records: Uint8Array): void;
  /** A path through relays to the node with this RouteId, by whichever neighbour the routes say; through `waypoint` first, if there is one. */
  relayedPath(far: Uint8Array, waypoint: Uint8Array | null): PathRecord;
  /** packetsSent, packetsReceived, bytesSent, bytesReceived, packetsRejected, streamsOpen, memoryBytes, straysForwarded, straysReceived, straysDropped,
   *  reportsHeeded, relayedPackets, relayedBytes, relayDroppedPackets, and relayed packets that were rejected (also among packetsRejected): with a wrong
   *  tag, replayed, of strangers, without a hop left, in a loop: {@link ENGINE_COUNTERS} words. Strays are datagrams for another shard; those received are not among packetsReceived. Reports are
   *  those of the network, about datagrams sent, that led to something. */
  stats(into: BigUint64Array): void;
  info(): EngineInfo;

  /** Sends what is pending. Does nothing while a batch is delivered: what is pending is sent after that. */ flush(): void;
  /** Keeps the process alive (or not) while the sockets are open. */ setRef(referenced: boolean): void;
  /** Sends what is pending, frees the sockets at once, or, where what is sent waits in Node, a moment later; later calls do nothing. */ close(): void;
}

/** What {@link Engine.sendMessage} answers. */
export const SendAnswer = { accepted: 0, noRoom: 1, tooLarge: 2, ended: -1 } as const;

/** Words that {@link Engine.stats} writes. */
export const ENGINE_COUNTERS = 19;

/** Length of a RouteId. */
export const ROUTE_ID_BYTES = 8;

/** Length of one record of {@link Engine.setRoutes}. */
export const ROUTE_RECORD_BYTES = 16;

/** Candidates that one association asks at once. */
export const PATH_PROBES_MAX = 16;

/** Length of a {@link PathRecord}. */
export const PATH_RECORD_BYTES = 48;
