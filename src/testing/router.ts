/** The router of one host: what address its datagrams carry outside, and which come in. */
import type { SimNat } from './options.js';

/** An endpoint on the virtual network. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The first port that a router maps to. */
const FIRST_MAPPED_PORT = 20_000;
const LAST_PORT = 65_535;

/** What lies behind one outside port. */
interface Mapping {
  /** In {@link Router}'s outside ports. */ readonly key: string;
  readonly insidePort: number;
  /** Destinations whose datagrams may come in. */ readonly open: Set<string>;
}

/** See the file's head. Mappings last until {@link Router.renumber}, or until all ports are taken: the oldest gives way then. */
export class Router {
  readonly #nat: Exclude<SimNat, 'none'>;
  #address: string;
  #nextPort = FIRST_MAPPED_PORT;
  /** Outside ports by what they are for: the inside port alone, or with the destination. */
  readonly #mapped = new Map<string, number>();
  readonly #mappings = new Map<number, Mapping>();

  constructor(nat: Exclude<SimNat, 'none'>, address: string) {
    this.#nat = nat;
    this.#address = address;
  }

  get address(): string {
    return this.#address;
  }

  /** Another address and other ports, as after a reboot. */
  renumber(address: string): void {
    this.#address = address;
    this.#mapped.clear();
    this.#mappings.clear();
  }

  /** Where a datagram from `insidePort` to `to` comes from, seen from outside; `null`: it does not get out. */
  outward(insidePort: number, to: Endpoint): Endpoint | null {
    if (this.#nat === 'udp-blocked') return null;
    const destination = keyOf(to);
    const key = this.#nat === 'cone' ? `${insidePort}` : `${insidePort} ${destination}`;
    const port = this.#mapped.get(key) ?? this.#map(key, insidePort);
    this.#mappings.get(port)?.open.add(destination);
    return { host: this.#address, port };
  }

  /** The inside port of a datagram that arrives from `from` at `port`; `null`: it is dropped. */
  inward(port: number, from: Endpoint): number | null {
    const mapping = this.#mappings.get(port);
    return mapping?.open.has(keyOf(from)) ? mapping.insidePort : null;
  }

  /** Ports are given in turn, so that the next one's mapping, where it has one, is the oldest. */
  #map(key: string, insidePort: number): number {
    const port = this.#nextPort;
    this.#nextPort = port === LAST_PORT ? FIRST_MAPPED_PORT : port + 1;
    const oldest = this.#mappings.get(port);
    if (oldest !== undefined) this.#mapped.delete(oldest.key);
    this.#mapped.set(key, port);
    this.#mappings.set(port, { key, insidePort, open: new Set() });
    return port;
  }
}

function keyOf({ host, port }: Endpoint): string {
  return `${host} ${port}`;
}
