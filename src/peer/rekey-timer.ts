import type { RekeyIntervals, Runtime, Timer } from '../engine/runtime.js';
import type { HandshakeResult } from '../handshake/index.js';

/** The initiator of a session begins the next one, two minutes of use later; the responder only when that did not come about. */
const INTERVALS: RekeyIntervals = { initiatorMs: 120_000, responderMs: 150_000 };
/** Every interval is drawn from its length +- this share, so that the peers of a restarted node do not come in step. */
const JITTER = 0.1;
/** An association that carried no more of the application's meanwhile, such as one small call, is not worth a handshake. */
const FEW_PACKETS = 4;

/** Whose keys grow old. */
export interface Rekeyed {
  /** Packets, sent and received since its start, with something of the application's. */
  packetsInUse(): number;
  /** Begins a handshake; the session before stays in use until that is done. */
  rekey(): void;
}

/** Says when an association needs new keys. One that is not in use needs none, also while it asks now and then whether the peer is there. */
export class RekeyTimer {
  readonly #runtime: Runtime;
  readonly #rekeyed: Rekeyed;
  #timer: Timer | null = null;
  #packets = 0;

  constructor(runtime: Runtime, rekeyed: Rekeyed) {
    this.#runtime = runtime;
    this.#rekeyed = rekeyed;
  }

  /** The keys are new: from a handshake that this end has played `role` in. */
  restart(role: HandshakeResult['role']): void {
    const { initiatorMs, responderMs } = this.#runtime.rekeyIntervals ?? INTERVALS;
    this.#arm(role === 'initiator' ? initiatorMs : responderMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Again after each interval until the keys are new: a handshake may fail, an idle association be used again. */
  #arm(intervalMs: number): void {
    this.stop();
    this.#packets = this.#rekeyed.packetsInUse();
    const [high = 0, low = 0] = this.#runtime.randomBytes(2);
    const jittered = intervalMs * (1 - JITTER + 2 * JITTER * ((256 * high + low) / 65_535));
    this.#timer = this.#runtime.setTimer(jittered, () => {
      const isUsed = this.#rekeyed.packetsInUse() - this.#packets > FEW_PACKETS;
      this.#arm(intervalMs);
      if (isUsed) this.#rekeyed.rekey();
    });
  }
}
