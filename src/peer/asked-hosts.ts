import { ENGINE_COUNTERS, type Engine, type PathRecord } from '../engine/engine.js';
import { isRelayed } from './path-record.js';

/** Hosts that have to be asked in vain before this end is the likely reason: one or two may be down. */
const HOSTS_MIN = 3;
/** Position of the packets that came in what {@link Engine.stats} writes. */
const PACKETS_RECEIVED = 1;
const FAMILY_IPV4 = 4;
const IPV4_LOOPBACK = 127;

/** Who was asked by a node that has heard nobody yet, on other machines. */
export class AskedHosts {
  readonly #engine: Pick<Engine, 'stats'>;
  readonly #hosts = new Set<string>();

  constructor(engine: Pick<Engine, 'stats'>) {
    this.#engine = engine;
  }

  /** Something goes to whom this path leads to. */
  note(path: PathRecord): void {
    const [, , family, , , , , , , , , , , , , , first] = path;
    if (this.#hosts.size >= HOSTS_MIN || isRelayed(path) || (family === FAMILY_IPV4 && first === IPV4_LOOPBACK)) return;
    this.#hosts.add(Buffer.from(path.buffer, path.byteOffset + 16, 16).toString('latin1'));
  }

  /** Several hosts were asked, and not one packet ever came back, from anywhere. */
  get areAllSilent(): boolean {
    if (this.#hosts.size < HOSTS_MIN) return false;
    const counters = new BigUint64Array(ENGINE_COUNTERS);
    this.#engine.stats(counters);
    return counters[PACKETS_RECEIVED] === 0n;
  }
}
