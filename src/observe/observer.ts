import type { DiagnosticsPayloads, StreamInfo, TracingHook } from '../api/observing.js';
import type { PathChange, Peer, PeerState } from '../api/peers.js';
import type { StreamStats } from '../api/stats.js';
import type { StreamBase, StreamKind } from '../api/streams.js';
import type { Logger } from '../api/waiting.js';
import { type OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import type { NodeId } from '../identity/index.js';
import { type AnsweredCall, AnsweredCalls } from './answered-calls.js';
import { publish } from './diagnostics.js';
import { KeyLog, type SessionKeys } from './key-log.js';
import { NodeLog } from './node-log.js';
import { QlogDirectory, type QlogRuntime } from './qlog/qlog-directory.js';
import { StreamTracing } from './stream-tracing.js';

/** What a node is observed with. */
export interface ObserverOptions {
  readonly id: NodeId;
  readonly runtime: QlogRuntime;
  readonly logger: Logger | null;
  readonly tracing: TracingHook | null;
  /** Tells the application, and the log, of an error that ended nothing. */
  readonly warn: (error: OsierError) => void;
  /** Variables of the environment: `QLOGDIR`, `OSIER_KEYLOG`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Hears the same as the channels, of this node alone. */
  readonly tap?: ObserverTap | null;
}

/** Hears of handshakes, states and paths of one node. */
export interface ObserverTap {
  onHandshake(report: DiagnosticsPayloads['osier:handshake']): void;
  onState(peer: Peer, state: PeerState): void;
  onPath(peer: Peer, change: PathChange): void;
  onRoute(change: DiagnosticsPayloads['osier:route']): void;
}

/** A stream as this file needs it. */
type ObservedStream = Pick<StreamBase, 'protocol' | 'peer' | 'closed' | 'stats'> & { readonly kind: StreamKind };

/** A handshake that is over. */
export interface HandshakeReport {
  readonly peer: NodeId | null;
  readonly role: 'initiator' | 'responder';
  readonly startedAtMs: number;
  readonly error: OsierError | null;
}

/** Hears what happens in one node, per peer and per stream, and tells all that want to know: channels, log, traces, key log. */
export class Observer {
  /** The application's hook around streams. */
  readonly tracing: StreamTracing;
  readonly #log: NodeLog;
  readonly #clock: QlogRuntime['clock'];
  readonly #answered = new AnsweredCalls();
  readonly #qlog: QlogDirectory | null;
  readonly #keyLog: KeyLog | null;
  readonly #tap: ObserverTap | null;

  constructor({ id, runtime, logger, tracing, warn, environment, tap = null }: ObserverOptions) {
    const { QLOGDIR, OSIER_KEYLOG } = environment;
    this.#clock = runtime.clock;
    this.#tap = tap;
    this.#log = new NodeLog(id, logger);
    this.tracing = new StreamTracing(tracing, (cause) => warn(hookFailed(cause)));
    this.#qlog = QLOGDIR ? new QlogDirectory(QLOGDIR, id, runtime, (error) => this.#onQlogFault(error)) : null;
    this.#keyLog = OSIER_KEYLOG ? new KeyLog(OSIER_KEYLOG, id, warn) : null;
  }

  /** Neither `fields` nor `message` may hold key material or payloads. */
  log(level: keyof Logger, fields: object, message: string): void {
    this.#log.write(level, fields, message);
  }

  /** The node is closed. */
  close(): void {
    this.#qlog?.close();
    this.#keyLog?.close();
  }

  // ---- handshakes ----

  onHandshake({ peer, role, startedAtMs, error }: HandshakeReport): void {
    const durationMs = this.#clock.nowMs() - startedAtMs;
    publish('osier:handshake', () => ({ peer, role, durationMs, error }));
    this.#tap?.onHandshake({ peer, role, durationMs, error });
    const outcome = { peer, role, durationMs, code: error?.code ?? null };
    if (error === null) this.log('debug', outcome, 'A handshake succeeded.');
    else this.log('debug', outcome, `A handshake failed: ${error.message}`);
    if (peer === null || this.#qlog === null) return;
    if (error === null) this.#qlog.begin(peer, null);
    this.#qlog.traceOf(peer)?.event('osier:handshake', { role, duration: durationMs, error: error?.code ?? null });
  }

  /** This node answered a call; what becomes of it shows with the first packet. */
  onAnswered(localIndex: number, call: AnsweredCall): void {
    this.#answered.add(localIndex, call);
  }

  /** The first packet came. */
  onAnswerConfirmed(localIndex: number): void {
    const call = this.#answered.take(localIndex);
    if (call !== null) this.onHandshake({ peer: call.peer, role: 'responder', startedAtMs: call.calledAtMs, error: null });
  }

  /** The session ended before its first packet. */
  onAnswerDropped(localIndex: number): void {
    const call = this.#answered.take(localIndex);
    if (call === null) return;
    const error = neverConfirmed(call.peer, this.#clock.nowMs() - call.calledAtMs);
    this.onHandshake({ peer: call.peer, role: 'responder', startedAtMs: call.calledAtMs, error });
  }

  /** The keys of a session, before they are wiped; `continues` an association that both ends know. */
  onSession(keys: SessionKeys, continues: boolean): void {
    this.#keyLog?.write(keys, continues);
  }

  // ---- peers ----

  onState(peer: Peer, state: PeerState): void {
    const { id } = peer;
    publish('osier:peer:state', () => ({ peer: id, state }));
    this.#tap?.onState(peer, state);
    if (this.#log.isRead) this.log('debug', { peer: id, ...stateFields(state) }, `A peer is ${state.status}.`);
    if (state.status === 'connected') this.#qlog?.begin(id, peer);
    this.#qlog?.traceOf(id)?.event('osier:state', stateFields(state));
  }

  onPath(peer: Peer, change: PathChange): void {
    const { id } = peer;
    publish('osier:path', () => ({ peer: id, change }));
    this.#tap?.onPath(peer, change);
    if (this.#log.isRead) this.log('debug', { peer: id, ...pathFields(change) }, `The path to a peer changed: ${change.cause.kind}.`);
    this.#qlog?.traceOf(id)?.event('osier:path', pathFields(change));
    if (change.to === null) this.#qlog?.end(id);
  }

  /** The way to a node changed; `build` is called where somebody hears of it. */
  onRoute(build: () => DiagnosticsPayloads['osier:route']): void {
    publish('osier:route', build);
    this.#tap?.onRoute(build());
  }

  // ---- streams ----

  /** A stream is open; its end is found out here. */
  onStream(stream: ObservedStream, side: StreamInfo['side']): void {
    publishOpening(stream, side);
    if (this.#log.isRead) this.log('debug', infoOf(stream, side), 'A stream is open.');
    const trace = this.#qlog?.traceOf(stream.peer.id) ?? null;
    trace?.event('osier:stream_opened', infoOf(stream, side));
    stream.closed.then((outcome) => {
      const error = outcome.status === 'failed' ? outcome.error : null;
      publishEnding(stream, side, error);
      if (!this.#log.isRead && trace === null) return;
      const fields = { ...infoOf(stream, side), code: error?.code ?? null, ...countersOf(stream.stats()) };
      this.log('debug', fields, 'A stream has ended.');
      trace?.event('osier:stream_ended', fields);
    });
  }

  #onQlogFault(error: Error): void {
    this.log('warn', { code: 'code' in error ? error.code : null }, `A trace cannot be written to QLOGDIR, and is left out: ${textOf(error)}`);
  }
}

/** Tells the channels of a stream: now that it is open, and when it has ended. */
export function publishStream(stream: ObservedStream, side: StreamInfo['side']): void {
  publishOpening(stream, side);
  stream.closed.then((outcome) => publishEnding(stream, side, outcome.status === 'failed' ? outcome.error : null));
}

function publishOpening(stream: ObservedStream, side: StreamInfo['side']): void {
  publish('osier:stream:open', () => infoOf(stream, side));
}

function publishEnding(stream: ObservedStream, side: StreamInfo['side'], error: OsierError | null): void {
  publish('osier:stream:end', () => ({ ...infoOf(stream, side), stats: stream.stats(), error }));
}

function infoOf({ protocol, kind, peer }: ObservedStream, side: StreamInfo['side']): StreamInfo {
  return { protocol, kind, peer: peer.id, side };
}

/** Loggers and JSON know no bigint. */
function countersOf(stats: StreamStats): Record<string, number> {
  return Object.fromEntries(Object.entries(stats).map(([name, value]) => [name, Number(value)]));
}

function stateFields(state: PeerState): object {
  return state.status === 'closed' ? { status: state.status, code: state.error?.code ?? null } : state;
}

function pathFields({ from, to, cause }: PathChange): object {
  const told = cause.kind === 'disconnected' ? { kind: cause.kind, code: cause.error?.code ?? null } : cause;
  return { from, to, cause: told };
}

function neverConfirmed(caller: NodeId, waitedMs: number): OsierError {
  const timeoutMs = Math.round(waitedMs);
  const message = `${caller} called and was answered, but sent nothing within ${timeoutMs} ms: the answer was lost, or another handshake came first.`;
  return osierError('ERR_OSIER_TIMEOUT', message, { timeoutMs, hints: [] });
}

function hookFailed(cause: unknown): OsierError {
  const message = `Option 'tracing' threw, and is not called again: ${textOf(cause)}`;
  return osierError('ERR_OSIER_INVALID_OPTION', message, { option: 'tracing' }, { cause });
}
