/** Walks the records of a batch and calls whom each is for. */
import { type Engine, type PathRecord, ROUTE_ID_BYTES } from './engine.js';
import { EventKind, RECORD_WORDS, UNANSWERED, Word } from './events.js';
import { SlotTable } from './slot-table.js';

const ASSOCIATION_SLOT_BITS = 20;
const STREAM_SLOT_BITS = 16;

/** What a stream wants to hear. */
export interface StreamSink {
  readonly handle: number;
  /** `count`: bytes or, where the stream has them, messages. */
  onReadable(count: number, endIncluded: boolean): void;
  onWritable(): void;
  onFinished(expiredMessages: number): void;
  /** `sizeBytes`: of a message of the peer's that is too large for this end; else 0. */
  onReset(reason: number, code: number, sizeBytes: number): void;
  onStopped(reason: number, code: number): void;
  onFlushed(): void;
  /** `fate`: 1 delivered (datagrams: acknowledged), 2 expired (datagrams: presumed lost). */
  onSettled(token: number, fate: number): void;
  /** The handle is dead. `droppedMessages`: datagrams that came and found no room. */
  onClosed(droppedMessages: number): void;
}

/** What whoever decides about an association's paths wants to hear. */
export interface PathSink {
  /** What came of `probePath`; `null`: no answer. */
  onPathProbed(token: number, rttMicros: number | null): void;
  /** The other end of the present path does not answer. Told in turns with {@link PathSink.onHopRecovered}. */
  onHopSuspected(silentMicros: number): void;
  onHopRecovered(): void;
  /** Somebody on the way said who it is. What a relay says, its neighbours may have made up; the far end has proved it. */
  onTraceAnswered(token: number, rttMicros: number, reporter: Uint8Array, isFarEnd: boolean): void;
}

/** What an association wants to hear. Byte arrays are valid until the call returns. */
export interface AssociationSink {
  readonly handle: number;
  readonly streams: StreamTable;
  /** Who decides about its paths; `null`: nobody. */ readonly pathSink: PathSink | null;
  onStreamOpened(stream: number, kind: number, head: Uint8Array): void;
  onSessionConfirmed(localIndex: number): void;
  onSessionDropped(localIndex: number): void;
  onPong(token: number, rttMicros: number): void;
  onResetHint(): void;
  onMoreStreams(): void;
  onDraining(): void;
  /** Packets go another way from now on. */
  onPathChanged(path: PathRecord): void;
  /** The handle is dead, and those of its streams. */
  onClosed(cause: number, closeCode: number, silentMs: number, reason: Uint8Array): void;
}

/** What the node wants to hear. Byte arrays are valid until the call returns. */
export interface NodeSink {
  /** `localIndex` is 0 for a first message; `proven`: a cookie showed that its sender is at its address. */
  onHandshake(localIndex: number, admissionKey: number, message: Uint8Array, proven: boolean): void;
  onRefusalHint(localIndex: number, kind: number): void;
  /** A packet for `destination` was not passed on, `reporter` says; see {@link EventKind.routeError}. */
  onRouteError?(fault: number, mtuBytes: number, destination: Uint8Array, reporter: Uint8Array): void;
  onEngineFailed(message: string): void;
  /** Something below threw: a fault of this library. */
  onFault(error: unknown): void;
}

/** Streams of one association by handle. */
export class StreamTable extends SlotTable<StreamSink> {
  constructor() {
    super(STREAM_SLOT_BITS);
  }
}

/** All associations of one engine. */
export class Dispatcher {
  readonly associations = new SlotTable<AssociationSink>(ASSOCIATION_SLOT_BITS);
  readonly #node: NodeSink;

  constructor(node: NodeSink) {
    this.#node = node;
  }

  /** The engine's {@link BatchListener}. Throws nothing but what {@link NodeSink.onFault} does. */
  dispatch(engine: Engine, records: number): void {
    const events = engine.events;
    const end = records * RECORD_WORDS;
    for (let at = 0; at < end; at += RECORD_WORDS) this.#dispatchGuarded(engine, events, at);
  }

  #dispatchGuarded(engine: Engine, events: Uint32Array, at: number): void {
    try {
      this.#dispatchRecord(engine, events, at);
    } catch (error) {
      this.#node.onFault(error);
    }
  }

  #dispatchRecord(engine: Engine, events: Uint32Array, at: number): void {
    const kind = events[at] ?? 0;
    switch (kind) {
      case EventKind.handshake:
        this.#node.onHandshake(
          word(events, at + Word.association),
          word(events, at + Word.stream),
          bytesOf(engine, events, at),
          word(events, at + Word.a) === 1,
        );
        return;
      case EventKind.refusalHint:
        this.#node.onRefusalHint(word(events, at + Word.association), word(events, at + Word.a));
        return;
      case EventKind.routeError: {
        const ids = bytesOf(engine, events, at);
        const [destination, reporter] = [ids.subarray(0, ROUTE_ID_BYTES), ids.subarray(ROUTE_ID_BYTES)];
        this.#node.onRouteError?.(word(events, at + Word.a), word(events, at + Word.b), destination, reporter);
        return;
      }
      case EventKind.engineFailed:
        this.#node.onEngineFailed(new TextDecoder().decode(bytesOf(engine, events, at)));
        return;
    }
    const association = this.associations.get(word(events, at + Word.association));
    if (association === undefined) return;
    const stream = word(events, at + Word.stream);
    const sink = association.streams.get(stream);
    if (isStreamEvent(kind)) {
      if (sink !== undefined) dispatchToStream(sink, kind, events, at);
      if (kind === EventKind.streamClosed) association.streams.delete(stream);
      return;
    }
    if (isPathEvent(kind)) {
      if (association.pathSink !== null) dispatchToPathSink(association.pathSink, kind, engine, events, at);
      return;
    }
    dispatchToAssociation(association, kind, stream, engine, events, at);
    if (kind === EventKind.associationClosed) this.associations.delete(association.handle);
  }
}

function isStreamEvent(kind: number): boolean {
  return (kind >= EventKind.streamReadable && kind <= EventKind.streamFlushed) || kind === EventKind.messageSettled;
}

function isPathEvent(kind: number): boolean {
  return kind >= EventKind.pathProbed && kind <= EventKind.traceAnswered;
}

function dispatchToPathSink(sink: PathSink, kind: number, engine: Engine, events: Uint32Array, at: number): void {
  const micros = word(events, at + Word.a);
  switch (kind) {
    case EventKind.pathProbed:
      sink.onPathProbed(word(events, at + Word.stream), micros === UNANSWERED ? null : micros);
      break;
    case EventKind.hopSuspected:
      sink.onHopSuspected(micros);
      break;
    case EventKind.hopRecovered:
      sink.onHopRecovered();
      break;
    case EventKind.traceAnswered:
      sink.onTraceAnswered(word(events, at + Word.stream), micros, bytesOf(engine, events, at), word(events, at + Word.b) === 1);
      break;
  }
}

function dispatchToStream(sink: StreamSink, kind: number, events: Uint32Array, at: number): void {
  switch (kind) {
    case EventKind.streamReadable:
      sink.onReadable(word(events, at + Word.a), word(events, at + Word.b) === 1);
      break;
    case EventKind.streamWritable:
      sink.onWritable();
      break;
    case EventKind.streamFinished:
      sink.onFinished(doubleWord(events, at));
      break;
    case EventKind.streamReset:
      sink.onReset(word(events, at + Word.a), word(events, at + Word.b), word(events, at + Word.c));
      break;
    case EventKind.streamStopped:
      sink.onStopped(word(events, at + Word.a), word(events, at + Word.b));
      break;
    case EventKind.streamClosed:
      sink.onClosed(doubleWord(events, at));
      break;
    case EventKind.streamFlushed:
      sink.onFlushed();
      break;
    case EventKind.messageSettled:
      sink.onSettled(word(events, at + Word.a), word(events, at + Word.b));
      break;
  }
}

function dispatchToAssociation(sink: AssociationSink, kind: number, stream: number, engine: Engine, events: Uint32Array, at: number): void {
  switch (kind) {
    case EventKind.streamOpened:
      sink.onStreamOpened(stream, word(events, at + Word.a), bytesOf(engine, events, at));
      break;
    case EventKind.sessionConfirmed:
      sink.onSessionConfirmed(stream);
      break;
    case EventKind.sessionDropped:
      sink.onSessionDropped(stream);
      break;
    case EventKind.pong:
      sink.onPong(stream, word(events, at + Word.a));
      break;
    case EventKind.resetHint:
      sink.onResetHint();
      break;
    case EventKind.moreStreams:
      sink.onMoreStreams();
      break;
    case EventKind.peerDraining:
      sink.onDraining();
      break;
    case EventKind.pathChanged:
      sink.onPathChanged(bytesOf(engine, events, at));
      break;
    case EventKind.associationClosed:
      sink.onClosed(word(events, at + Word.a), word(events, at + Word.b), word(events, at + Word.c), bytesOf(engine, events, at));
      break;
  }
}

function word(events: Uint32Array, index: number): number {
  return events[index] ?? 0;
}

/** The count in the words a and b of the record at `at`. */
function doubleWord(events: Uint32Array, at: number): number {
  return word(events, at + Word.a) + 2 ** 32 * word(events, at + Word.b);
}

function bytesOf(engine: Engine, events: Uint32Array, at: number): Uint8Array {
  const offset = word(events, at + Word.bytesOffset);
  return engine.bytes.subarray(offset, offset + word(events, at + Word.bytesLength));
}
