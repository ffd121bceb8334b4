/**
 * The records in which the engine tells what happened: {@link RECORD_WORDS} unsigned 32-bit words each, in a `Uint32Array` shared with the addon.
 * `native/addon/src/event_record.rs` writes the same layout.
 */

/** Words per record: kind, association, stream or index, bytes offset, bytes length, a, b, c. */
export const RECORD_WORDS = 8;

/** Position of each word in a record. */
export const Word = { kind: 0, association: 1, stream: 2, bytesOffset: 3, bytesLength: 4, a: 5, b: 6, c: 7 } as const;

/** What a record says. Words not named are 0. */
export const EventKind = {
  /** A handshake message that passed mac1, or a cookie reply. association: the reserved index it answers, or 0; stream: which admission key matched; a: 1 when a cookie proved the sender's address; bytes: path record, then the datagram. */
  handshake: 1,
  /** The first packet under a responder's session was authentic. stream: local index. */
  sessionConfirmed: 2,
  /** a: stream kind; bytes: length of the protocol name (u8), name, metadata. */
  streamOpened: 3,
  /** a: bytes, or whole messages, that can be read; b: 1 when the end of the stream is among them. */
  streamReadable: 4,
  /** There is room for writing again. */
  streamWritable: 5,
  /** The peer has everything, the end included. a, b: low and high half of the count of messages that expired (datagrams: presumed lost). */
  streamFinished: 6,
  /** The peer gave the stream up. a: reason; b: code. Or it sent a message that is too large: a: that reason; b: the most that this end takes; c: what it sent. */
  streamReset: 7,
  /** The peer reads no more. a: reason; b: code. */
  streamStopped: 8,
  /** Both directions ended; the handle is dead. a, b: low and high half of the count of datagrams that were dropped for want of room. */
  streamClosed: 9,
  /** Everything accepted before `watchAcknowledged` is acknowledged; of messages, the fate of each is known. */
  streamFlushed: 10,
  /** a: cause ({@link ClosedBy}); b: close code; c: milliseconds of silence; bytes: reason. */
  associationClosed: 11,
  /** stream: token; a: round trip in microseconds. */
  pong: 12,
  /** The peer says that it does not know the session. A hint: nothing was torn down. */
  resetHint: 13,
  /** An unauthenticated refusal. association: reserved index; a: 1 version, 2 busy. */
  refusalHint: 14,
  /** The peer allows more streams. */
  moreStreams: 15,
  /** The peer takes no new streams. */
  peerDraining: 16,
  /** The engine cannot go on; bytes: message. */
  engineFailed: 17,
  /** A session ended without its association. stream: local index. */
  sessionDropped: 18,
  /** What became of a message. a: token; b: 1 delivered (datagrams: acknowledged), 2 expired (datagrams: presumed lost). */
  messageSettled: 19,
  /** The association's packets go another way. bytes: the new path's record. */
  pathChanged: 20,
  /** What came of `probePath`. stream: token; a: round trip in microseconds, or {@link UNANSWERED}. */
  pathProbed: 21,
  /** The other end of the present path leaves unanswered what it is asked. a: for how many microseconds. Told once, until hopRecovered. */
  hopSuspected: 22,
  /** It answers again, or the peer was heard on another path. `movePath` ends a suspicion without this. */
  hopRecovered: 23,
  /** Somebody on the way of a relayed path said who it is. stream: token; a: round trip in microseconds; b: 1 for the far end, which has proved it; bytes: its RouteId. */
  traceAnswered: 24,
  /** Something that this node sent on a relayed path was not passed on. a: fault (0: no route, 1: too big, 2: no hop left); b: largest packet that passes, for 1; bytes: RouteIds of the destination and of who says so. A hint, unless that is this node. */
  routeError: 25,
} as const;

/** Whether the listener runs, or the ticks that follow it before the engine sends: the last word of `events` is 1 for so long. */
export function isDelivering(events: Uint32Array): boolean {
  return events[events.length - 1] === 1;
}

/** Why an association ended. */
export const ClosedBy = { local: 1, remote: 2, idle: 3, peerLost: 4, protocol: 5 } as const;

/** No round trip: there was no answer. */
export const UNANSWERED = 0xffff_ffff;

/** No handle. */
export const NO_HANDLE = 0xffff_ffff;
