import { randomBytes } from 'node:crypto';
import type { Clock } from '../api/waiting.js';
import { invalidOption, osierError } from '../errors/index.js';
import { choiceOption, optionsObject } from '../errors/option-checks.js';
import { identityOfSeed } from '../identity/index.js';
import type { Machine } from './machine.js';
import { linkFaults, natOption, type SimLink, type SimNat, type SimOptions, seedOption } from './options.js';
import { SeededRandom } from './seeded-random.js';
import { settled } from './settling.js';
import { type HostContext, type SimHost, VirtualHost } from './sim-host.js';
import { type Observed, VirtualNetwork } from './virtual-network.js';
import { clockOf, VirtualTime } from './virtual-time.js';
import { withSeed } from './with-seed.js';

/** Things that may happen without a look at the program: none of them concerns it, but the process has other work as well. */
const STEPS_WITHOUT_A_LOOK = 1_000;

/** Calls back for every datagram that leaves or arrives on `network`. */
export let observeDatagrams: (network: SimNetwork, observer: (observed: Observed) => void) => void;

/** What lies under a network, for tests that do what its users cannot: send in another's name, set clocks, shorten the life of keys, begin with a high packet number. */
export interface Underneath {
  readonly network: VirtualNetwork;
  machineOf(host: SimHost): Machine;
}

/** Gives access to what lies under `network`. */
export let underneath: (network: SimNetwork) => Underneath;

/**
 * A virtual network. Every pair of hosts is linked. Its seed is in the message of every error that `run` rejects with.
 *
 * @example await using net = new SimNetwork({ link: { delayMs: 20, lossRate: 0.01 } }); await net.run(async () => { … });
 */
export class SimNetwork implements AsyncDisposable {
  /** Pass it to {@link SimOptions} to repeat this run. */
  readonly seed: string;
  readonly clock: Clock;
  readonly #time = new VirtualTime();
  readonly #network: VirtualNetwork;
  readonly #hosts: VirtualHost[] = [];
  readonly #context: HostContext;
  #isRunning = false;
  /** Code of the program ran since it was last seen to wait. */
  #hasProgramRun = false;

  static {
    observeDatagrams = (network, observer) => {
      network.#network.observer = observer;
    };
    underneath = (network) => ({ network: network.#network, machineOf: (host) => network.#hostOf('host', host).machine });
  }

  constructor(options?: SimOptions) {
    const { seed, link } = optionsObject('options', options);
    this.seed = seedOption(seed) ?? (process.env.OSIER_SEED || randomBytes(8).toString('hex'));
    this.#network = new VirtualNetwork(this.#time, this.seed, linkFaults('link', link));
    this.#context = {
      network: this.#network,
      seed: this.seed,
      networkSecret: new SeededRandom(this.seed, 'network secret').bytes(32),
      onProgramRuns: () => {
        this.#hasProgramRun = true;
      },
    };
    this.clock = clockOf(this.#time, (delayMs, callback) => {
      const event = this.#time.after(delayMs, () => {
        this.#hasProgramRun = true;
        callback();
      });
      return {
        cancel: () => {
          event.isCancelled = true;
        },
      };
    });
  }

  /** Adds a machine. `nat` puts it behind a router of its own (default 'none'): it can then be reached only as that kind allows. */
  host(name: string, options?: { nat?: SimNat | undefined }): SimHost {
    const nat = natOption(optionsObject('options', options).nat);
    const machine = this.#network.addMachine(name, nat);
    const identity = identityOfSeed(new SeededRandom(this.seed, `identity of ${JSON.stringify(name)}`).bytes(32));
    const host = new VirtualHost(this.#context, machine, identity);
    this.#hosts.push(host);
    return host;
  }

  /** Changes the link between two hosts, both ways or as given from `from` to `to` alone; what is absent stays. */
  setLink(from: SimHost, to: SimHost, faults: SimLink, direction?: 'both' | 'one-way'): void {
    const ends = [this.#hostOf('from', from).machine, this.#hostOf('to', to).machine] as const;
    const isBoth = choiceOption('direction', direction, ['both', 'one-way'], 'both') === 'both';
    this.#network.link(...ends).change(faults);
    if (isBoth) this.#network.link(ends[1], ends[0]).change(faults);
  }

  /** Cuts every link between the groups; hosts in no group keep theirs. */
  partition(...groups: readonly (readonly SimHost[])[]): void {
    this.#network.partition(groups.map((group) => group.map((host) => this.#hostOf('groups', host).machine)));
  }

  /** Ends every partition. */
  heal(): void {
    this.#network.heal();
  }

  /**
   * Runs a program and moves time on whenever all of it waits. It must wait on nothing but nodes, `clock` and promises. Errors: SIM_STALLED when
   * nothing can happen any more; otherwise what `program` throws.
   */
  async run<T>(program: () => Promise<T>): Promise<T> {
    if (this.#isRunning) throw withSeed(this.seed, invalidOption('program', 'cannot be run while another one runs on this network'));
    this.#isRunning = true;
    try {
      return await this.#drive(program);
    } catch (error) {
      throw withSeed(this.seed, error);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Closes all nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#drive(async () => {
      await Promise.all(this.#hosts.map((host) => host.close()));
    });
  }

  async #drive<T>(program: () => Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    const result = new Promise<T>((resolve) => resolve(program()));
    result.then(over, over);
    for (;;) {
      await settled();
      if (isOver) return result;
      this.#hasProgramRun = false;
      for (let steps = 0; steps < STEPS_WITHOUT_A_LOOK && !this.#hasProgramRun; steps++) {
        if (!this.#time.step()) throw this.#stalled();
      }
    }
  }

  #stalled(): Error {
    const atMs = this.#time.nowMs;
    const message = `The program waits at ${atMs} ms for something that can no longer happen: it must wait on nothing but nodes, the network's clock and promises.`;
    return osierError('ERR_OSIER_SIM_STALLED', message, { seed: this.seed, atMs });
  }

  #hostOf(option: string, host: SimHost): VirtualHost {
    const found = this.#hosts.find((known) => known === host);
    if (found === undefined) throw invalidOption(option, 'must be a host of this network');
    return found;
  }
}
