import type { Peer } from '../../api/peers.js';
import type { PeerStats } from '../../api/stats.js';
import type { Runtime } from '../../engine/runtime.js';
import type { NodeId } from '../../identity/index.js';
import { QlogFile } from './qlog-file.js';

/** What one association's trace is about. */
export interface TraceFacts {
  readonly local: NodeId;
  readonly peer: NodeId;
  readonly path: string;
}

/** The trace of one association: qlog records (draft-ietf-quic-qlog-main-schema) with times relative to its start. */
export class QlogTrace {
  readonly #clock: Runtime['clock'];
  readonly #startedAtMs: number;
  readonly #file: QlogFile;
  #lastMetrics = '';

  constructor(runtime: Pick<Runtime, 'clock' | 'wallClockMs'>, { local, peer, path }: TraceFacts, onFault: (error: Error) => void) {
    this.#clock = runtime.clock;
    this.#startedAtMs = runtime.clock.nowMs();
    this.#file = new QlogFile(path, onFault);
    this.#file.write({
      qlog_version: '0.3',
      qlog_format: 'JSON-SEQ',
      title: 'osier association',
      trace: {
        vantage_point: { name: local, type: 'unknown' },
        common_fields: { time_format: 'relative', reference_time: runtime.wallClockMs(), protocol_type: ['OSIER'], local, peer },
      },
    });
  }

  event(name: string, data: object): void {
    this.#file.write({ time: this.#time(), name, data });
  }

  /** Levels and counters, unless they are what they were. */
  metrics(peer: Peer): void {
    const data = metricsOf(peer.stats());
    const text = JSON.stringify(data);
    if (text === this.#lastMetrics) return;
    this.#lastMetrics = text;
    this.event('recovery:metrics_updated', data);
  }

  end(): void {
    this.#file.end(this.#time());
  }

  #time(): number {
    return Math.round((this.#clock.nowMs() - this.#startedAtMs) * 1_000) / 1_000;
  }
}

/** qlog's names where it has one; times in milliseconds. */
function metricsOf(stats: PeerStats): Record<string, number> {
  const { rttMicros, rttVarianceMicros, congestionWindowBytes, bytesInFlight, mtuBytes } = stats;
  return {
    ...(rttMicros === null ? {} : { smoothed_rtt: rttMicros / 1_000 }),
    ...(rttVarianceMicros === null ? {} : { rtt_variance: rttVarianceMicros / 1_000 }),
    ...(congestionWindowBytes === null ? {} : { congestion_window: congestionWindowBytes }),
    ...(bytesInFlight === null ? {} : { bytes_in_flight: bytesInFlight }),
    ...(mtuBytes === null ? {} : { mtu: mtuBytes }),
    packets_sent: Number(stats.packetsSent),
    packets_received: Number(stats.packetsReceived),
    packets_lost: Number(stats.packetsLost),
    bytes_sent: Number(stats.bytesSent),
    bytes_received: Number(stats.bytesReceived),
  };
}
