/** Streams and their handlers as applications see them. Types only. */
import type { Duplex } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import type { OsierError } from '../errors/index.js';
import type { Peer } from './peers.js';
import type { StreamStats } from './stats.js';
import type { CloseOptions, CloseReport, TimedWaitOptions, WaitOptions } from './waiting.js';

/** 'bytes': in order, once. 'messages': whole, reliable or with a lifetime. 'datagrams': one shot, no retransmission. */
export type StreamKind = 'bytes' | 'messages' | 'datagrams';

/** The stream type of each kind. */
export interface StreamOfKind {
  bytes: ByteStream;
  messages: MessageStream;
  datagrams: DatagramStream;
}

/** Strict levels: 0 goes first, 7 last, fair among equals; a full level 0 starves the rest. */
export type Priority = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Options of {@link Peer.openStream}. */
export type OpenOptions<K extends StreamKind> = TimedWaitOptions & {
  /** Default 'bytes'. */
  kind?: K | undefined;
  /** For what this end sends. Default 3. */
  priority?: Priority | undefined;
  /** Handed to the peer's handler with the stream; at most 1,024 bytes of keys and values. Default: none. */
  metadata?: Readonly<Record<string, string>> | undefined;
} & (K extends 'messages' ? MessageOptions : unknown);

/** How this end's messages are delivered; the other end's are its own affair. */
export interface MessageOptions {
  /** `false`: each message is handed over as it completes. Default `true`. */
  ordered?: boolean | undefined;
  /** What is not delivered within this time of `send` expires. Default: none; a message then waits for as long as its stream lives. */
  lifetimeMs?: number | undefined;
}

/**
 * What all streams share. Leaving a loop over a stream early stops its reading side. `await using` resets what `end()` has not ended, so that a
 * writer that throws never looks finished to its peer.
 */
export interface StreamBase extends AsyncDisposable {
  readonly protocol: string;
  readonly peer: Peer;
  readonly priority: Priority;
  /** Resolves when there is room again after `tryWrite` or `trySend` returned `false`. */
  ready(options?: WaitOptions): Promise<void>;
  /** Resolves when the peer's node has all bytes, or the fate of all messages is known, that were accepted before this call. */
  flush(options?: WaitOptions): Promise<void>;
  /** Ends this end's sending; resolves when the peer has all of it. May be left unawaited. Errors: those of {@link StreamErrorCode}. */
  end(options?: WaitOptions): Promise<void>;
  /** Stops reading: drops what came, tells the peer (its writes fail with STREAM_STOPPED), gives the memory back. */
  stop(applicationCode?: number): void;
  /** Gives up both directions at once; the peer's reads and writes fail with STREAM_RESET. `applicationCode`: 0 (default) to 2^32 - 1. */
  reset(applicationCode?: number): void;
  /** Resolves, and never rejects, when both directions have ended. */
  readonly closed: Promise<{ readonly status: 'finished' } | { readonly status: 'failed'; readonly error: OsierError }>;
  /** Counters and levels of now; when the stream has ended, those of its end. */
  stats(): StreamStats;
}

/** What reads, writes and ends of a stream reject with. */
export type StreamErrorCode = `ERR_OSIER_${
  | 'STREAM_RESET'
  | 'STREAM_STOPPED'
  | 'STREAM_ENDED'
  | 'NO_HANDLER'
  | 'KIND_MISMATCH'
  | 'REFUSED'
  | 'TOO_LARGE'
  | 'PEER_RESTARTED'
  | 'PEER_LOST'
  | 'PEER_CLOSED'
  | 'NODE_CLOSED'
  | 'SHARD_FAILED'}`;

/** Bytes in order, once, both ways. Iterating yields batches of chunks. Errors of all reads and writes: {@link StreamErrorCode}. */
export interface ByteStream extends StreamBase, AsyncIterable<Uint8Array[]> {
  readonly kind: 'bytes';
  /** Resolves when all of `bytes` is accepted for sending: awaiting it is the backpressure. An abort may leave a part accepted. */
  write(bytes: Uint8Array, options?: WaitOptions): Promise<void>;
  /** Accepts all of `bytes` or, when there is no room, none: `false` means wait for {@link StreamBase.ready} and try again. */
  tryWrite(bytes: Uint8Array): boolean;
  /** Fills `into` with what is there, waiting for at least one byte; resolves with the count, 0 at the end. `into` must not be empty. */
  read(into: Uint8Array, options?: WaitOptions): Promise<number>;
  /** The receive buffer itself, without a copy: each view is valid only until the next is asked for. A copy on another thread than the socket's. */
  views(): AsyncIterable<Uint8Array>;
  /** As a Node stream; use this or the methods above, not both. */
  toDuplex(): Duplex;
  /** As web streams; the same condition. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Whole messages, both ways. Iterating yields one at a time. Small ones that came together may share an ArrayBuffer: copy what is to be transferred.
 *  Errors of all sends and reads: {@link StreamErrorCode}. */
export interface MessageStream extends StreamBase, AsyncIterable<Uint8Array> {
  readonly kind: 'messages';
  /** Resolves when accepted for sending: awaiting it is the backpressure. Errors also: TOO_LARGE. */
  send(message: Uint8Array, options?: SendOptions): Promise<void>;
  /** Accepts, or returns `false` when there is no room: wait for {@link StreamBase.ready}. The fastest way. Throws TOO_LARGE. */
  trySend(message: Uint8Array): boolean;
  /** Sends and resolves with the message's fate; rejects only for what was never accepted. An abort leaves an accepted message on its way. */
  deliver(message: Uint8Array, options?: SendOptions): Promise<MessageOutcome>;
  /** As the stream itself, all messages at hand at a time, about a thousand at most: for millions a second. */
  batches(): AsyncIterable<Uint8Array[]>;
  /** As the stream itself, ending without an error when `signal` aborts: with {@link HandlerContext.draining}, serves until shutdown. */
  until(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Options of one message. */
export interface SendOptions extends WaitOptions {
  /** Default: the stream's. */
  lifetimeMs?: number | undefined;
}

/**
 * The fate of a message; exactly one, always. 'delivered': whole in the peer's stream, ready for its application to read. 'expired': its application
 * will never see it. 'unknown': the association or stream ended before the peer said which.
 */
export type MessageOutcome =
  | { readonly status: 'delivered' }
  | { readonly status: 'expired' }
  | { readonly status: 'unknown'; readonly error: OsierError };

/** One-shot messages, both ways, unordered. A full receiver drops the oldest, and counts it. */
export interface DatagramStream extends StreamBase, AsyncIterable<Uint8Array> {
  readonly kind: 'datagrams';
  /** Above this size a datagram goes as fragments, all of which must arrive. Follows the path. */
  readonly maxUnfragmentedBytes: number;
  /** Accepts, or returns `false` when there is no room. Throws TOO_LARGE. */
  trySend(datagram: Uint8Array): boolean;
  /** Sends and resolves with what became of it. Errors: {@link StreamErrorCode}. */
  deliver(datagram: Uint8Array, options?: WaitOptions): Promise<DatagramOutcome>;
}

/** 'acknowledged': the peer's node has it. 'presumed-lost': it may still arrive. 'unknown': the association ended first. */
export type DatagramOutcome =
  | { readonly status: 'acknowledged' }
  | { readonly status: 'presumed-lost' }
  | { readonly status: 'unknown'; readonly error: OsierError };

/** Serves one stream. When it returns, the stream is ended and reading stops; when it throws, the stream is reset and `warning` told. */
export type Handler<S extends StreamBase> = (stream: S, context: HandlerContext) => void | Promise<void>;

/** What a handler knows besides its stream. */
export interface HandlerContext {
  readonly peer: Peer;
  /** What the opener gave as `metadata`. Chosen by the peer: not to be trusted. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Aborts, with an {@link OsierError} as its reason, when the stream is dead. */
  readonly signal: AbortSignal;
  /** Aborts when the node or handler begins to close: a long-lived handler should finish what it does and return. */
  readonly draining: AbortSignal;
}

/** Options of {@link MeshNode.handle}. */
export type HandleOptions<K extends StreamKind> = {
  kind: K;
  /** For what this end sends. Default 3. */
  priority?: Priority | undefined;
  /** Streams served at once; more are reset with REFUSED. Default 1,024. */
  maxConcurrent?: number | undefined;
} & (K extends 'messages' ? MessageOptions : unknown);

/** A handler in service; `await using` closes it. */
export interface HandlerRegistration extends AsyncDisposable {
  readonly protocol: string;
  /** Takes no more streams and waits for those it serves. Never rejects. */
  close(options?: CloseOptions): Promise<CloseReport>;
}
