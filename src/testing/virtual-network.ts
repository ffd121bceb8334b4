import type { Timer } from '../engine/runtime.js';
import { invalidOption } from '../errors/index.js';
import { VerifiedSignatures } from '../identity/index.js';
import { Link } from './link.js';
import { Machine } from './machine.js';
import type { LinkFaults, SimNat } from './options.js';
import type { Endpoint } from './router.js';
import { SeededRandom } from './seeded-random.js';
import type { VirtualTime } from './virtual-time.js';

/** Machines that a network has room for in its address ranges. */
const MACHINES_MAX = 60_000;

/** Signed byte strings that are known to be good: those of a whole mesh, several times over. */
const SIGNATURES_MAX = 65_536;

/** A datagram at the moment that it leaves or arrives, for who wants to watch. */
export interface Observed {
  readonly what: 'sent' | 'arrived';
  readonly atMicros: number;
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** Machines, the links between them, and the datagrams under way. Knows nothing of nodes. */
export class VirtualNetwork {
  readonly time: VirtualTime;
  /** What one node has verified, no other verifies again. */
  readonly signatures = new VerifiedSignatures(SIGNATURES_MAX);
  readonly #seed: string;
  readonly #faults: LinkFaults;
  readonly #machines = new Map<string, Machine>();
  readonly #links = new Map<string, Link>();
  readonly #cuts: ReadonlyMap<Machine, number>[] = [];
  #addresses = 0;
  observer: ((observed: Observed) => void) | null = null;

  constructor(time: VirtualTime, seed: string, faults: LinkFaults) {
    this.time = time;
    this.#seed = seed;
    this.#faults = faults;
  }

  /** Throws INVALID_OPTION for a name that is taken. */
  addMachine(name: string, nat: SimNat): Machine {
    if (typeof name !== 'string' || name === '') throw invalidOption('name', 'must be a text that is not empty');
    if (this.machineNamed(name) !== undefined) throw invalidOption('name', `'${name}' is the name of a host already`);
    const inside = this.#machines.size + 1;
    const machine = new Machine(name, nat, this.#nextAddress(), `192.168.${inside >> 8}.${inside & 0xff}`);
    this.#machines.set(machine.publicAddress, machine);
    return machine;
  }

  machineNamed(name: string): Machine | undefined {
    return [...this.#machines.values()].find((machine) => machine.name === name);
  }

  renumber(machine: Machine): void {
    const address = this.#nextAddress();
    this.#machines.delete(machine.publicAddress);
    machine.renumber(address);
    this.#machines.set(machine.publicAddress, machine);
  }

  freeze(machine: Machine, durationMs: number): void {
    const untilMicros = Math.ceil(this.time.nowMicros + durationMs * 1_000);
    if (untilMicros <= machine.frozenUntilMicros) return;
    machine.frozenUntilMicros = untilMicros;
    this.time.at(untilMicros, () => {
      if (machine.frozenUntilMicros === untilMicros) machine.thaw();
    });
  }

  /** Calls back at a time, or, on a machine that is stopped then, when it runs again. */
  whenRunning(machine: Machine, atMicros: number, callback: () => void): Timer {
    const happen = (): void => {
      if (machine.isFrozen) event = this.time.at(machine.frozenUntilMicros, happen);
      else callback();
    };
    let event = this.time.at(atMicros, happen);
    return {
      cancel: () => {
        event.isCancelled = true;
      },
    };
  }

  link(from: Machine, to: Machine): Link {
    const label = `link from ${JSON.stringify(from.name)} to ${JSON.stringify(to.name)}`;
    const known = this.#links.get(label);
    if (known !== undefined) return known;
    const link = new Link(this.#faults, new SeededRandom(this.#seed, label));
    this.#links.set(label, link);
    return link;
  }

  /** Cuts the links between machines of different groups until {@link heal}. */
  partition(groups: readonly (readonly Machine[])[]): void {
    const members = groups.flatMap((group, index) => group.map((machine) => [machine, index] as const));
    const cut = new Map(members);
    if (cut.size < members.length) throw invalidOption('groups', 'must not name a host twice');
    this.#cuts.push(cut);
  }

  heal(): void {
    this.#cuts.length = 0;
  }

  /** Sends a datagram, whose bytes are copied, to an endpoint that need not exist. */
  send(from: Machine, to: Endpoint, datagram: Uint8Array, ecn: number): void {
    const source = from.sourceFor(to);
    const target = this.#machines.get(to.host);
    if (source === null || target === undefined || target === from) return;
    this.#observe('sent', from, target, datagram);
    if (this.#isCut(from, target)) return;
    for (const { atMicros, bytes } of this.link(from, target).send(this.time.nowMicros, datagram)) {
      this.time.at(atMicros, () => {
        // It may have moved, or been cut off, meanwhile.
        if (this.#machines.get(to.host) !== target || this.#isCut(from, target)) return;
        this.#observe('arrived', from, target, bytes);
        target.deliver(to.port, source, bytes, ecn);
      });
    }
  }

  #isCut(one: Machine, other: Machine): boolean {
    return this.#cuts.some((cut) => {
      const [a, b] = [cut.get(one), cut.get(other)];
      return a !== undefined && b !== undefined && a !== b;
    });
  }

  #observe(what: Observed['what'], from: Machine, to: Machine, bytes: Uint8Array): void {
    this.observer?.({ what, atMicros: this.time.nowMicros, from: from.name, to: to.name, bytes });
  }

  #nextAddress(): string {
    const number = ++this.#addresses;
    if (number > MACHINES_MAX) throw invalidOption('name', 'is one host too many: the virtual network has no address left');
    return `10.0.${number >> 8}.${number & 0xff}`;
  }
}
