import type { PathRecord } from '../engine/engine.js';
import { formatHost, type HostAndPort } from '../identity/index.js';
import type { PeerContext } from './context.js';

/** Who asks at the addresses. */
export interface AddressesListener {
  /** These are all so far, each once, in the order of the hosts; those of one host in the order of the resolver. */
  onChanged(paths: readonly PathRecord[]): void;
  /** Everything was looked up, and nothing ever found that this node can send to; `cause` is the first failure. */
  onUnresolved(cause: unknown): void;
}

/** The addresses of some hosts. A host that can no longer be resolved keeps those that it had. */
export class HostAddresses {
  readonly #context: PeerContext;
  readonly #listener: AddressesListener;
  /** What each that is wanted was resolved to at last, by host and port. */
  readonly #hosts = new Map<string, readonly PathRecord[]>();
  /** Being looked up: one look-up of a host at a time, however long it takes. */
  readonly #pending = new Set<string>();
  #failure: unknown = undefined;
  #isOver = false;

  constructor(context: PeerContext, listener: AddressesListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** The hosts are `hosts` from now on. Looks up those that are new, or, with `anew`, all of them once more. */
  look(hosts: readonly HostAndPort[], anew: boolean): void {
    const wanted = new Map(hosts.map((host) => [formatHost(host), host]));
    for (const name of this.#hosts.keys()) if (!wanted.has(name)) this.#hosts.delete(name);
    for (const [name, host] of wanted) {
      const known = this.#hosts.get(name);
      // Each anew, so that the map has their present order.
      this.#hosts.delete(name);
      this.#hosts.set(name, known ?? []);
      if ((anew || known === undefined) && !this.#pending.has(name))
        this.#resolve(name, host).catch((cause: unknown) => this.#context.onFault(cause));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  /** Each once, at its first place. */
  get #paths(): readonly PathRecord[] {
    const all = [...this.#hosts.values()].flat();
    return all.filter((path, index) => all.findIndex((one) => Buffer.compare(one, path) === 0) === index);
  }

  async #resolve(name: string, host: HostAndPort): Promise<void> {
    this.#pending.add(name);
    const paths = await this.#pathsTo(host);
    this.#pending.delete(name);
    if (this.#isOver) return;
    // A host may be wanted no longer.
    if (paths.length > 0 && this.#hosts.has(name)) {
      this.#hosts.set(name, paths);
      this.#listener.onChanged(this.#paths);
    } else if (this.#pending.size === 0 && this.#paths.length === 0) {
      this.#listener.onUnresolved(this.#failure);
    }
  }

  async #pathsTo({ host, port }: HostAndPort): Promise<readonly PathRecord[]> {
    const paths: PathRecord[] = [];
    try {
      for (const address of await this.#context.runtime.resolve(host)) {
        if (this.#isOver) break;
        const path = this.#pathTo(address.host, port);
        if (path !== null) paths.push(path);
      }
    } catch (error) {
      this.#failure ??= error;
    }
    return paths;
  }

  /** `null`: no socket of this node has the family, so that the address counts as unresolved. */
  #pathTo(address: string, port: number): PathRecord | null {
    try {
      return Uint8Array.from(this.#context.engine.pathTo(address, port));
    } catch (error) {
      this.#failure ??= error;
      return null;
    }
  }
}
