/** One stream's calls into the engine, on this thread or another. */
export interface StreamPort {
  /** The stream's handle, unique among the streams of its association. */
  readonly stream: number;
  /** Called with each message that was accepted and then found no room, in order, before any that is sent after it. */
  onReturned: ((message: Uint8Array, options: number) => void) | null;

  /** Bytes accepted; -1 when the sending side has ended. Fewer than given: {@link StreamSink.onWritable} follows. */
  write(bytes: Uint8Array): number;
  /** As {@link Engine.sendMessage}. */
  sendMessage(bytes: Uint8Array, options: number, lifetimeMicros: number, token: number): number;
  /** As {@link StreamPort.sendMessage} without a lifetime and a token, for one that nothing waits before; the engine may have it no sooner than this tick ends. */
  sendSoon(bytes: Uint8Array, options: number): number;
  /** The engine has all messages that were accepted, but those that were returned. */
  handOver(): void;
  finish(): void;
  reset(reason: number, code: number): void;
  stop(code: number): void;
  /** Bytes copied; 0: nothing is there; -1: the end, or a dead handle. */
  read(into: Uint8Array): number;
  peek(): Uint8Array | null;
  consume(byteCount: number): void;
  /** As {@link Engine.readMessages}. */
  readMessages(into: Uint8Array, lengths: Uint32Array): number;
  /** The largest datagram that goes as one packet; 0 while there is no path. */
  maxDatagramBytes(): number;
  watchAcknowledged(): void;
  /** The engine's counters by {@link StreamCounter}, valid until the next call; `null` when the handle is dead. */
  counters(): BigUint64Array | null;
  /** The engine's counters by {@link MessageCounter}, valid until the next call; `null` when the handle is dead. */
  messageCounters(): BigUint64Array | null;
}

/** Positions in {@link StreamPort.counters}. */
export const StreamCounter = { sent: 0, acknowledged: 1, received: 2, consumed: 3, sendBuffered: 4, receiveBuffered: 5, count: 6 } as const;

/** Positions in {@link StreamPort.messageCounters}. For datagrams: acknowledged counts as delivered, presumed lost as expired. */
export const MessageCounter = { sent: 0, delivered: 1, expired: 2, unknown: 3, received: 4, dropped: 5, count: 6 } as const;
