import type { PathRecord } from '../engine/engine.js';
import { formatHost, type HostAndPort } from '../identity/index.js';
import type { PeerContext } from './context.js';

/** Who asks at the addresses. */
export interface AddressesListener {
  /** These are all, in the order in which they were found. */
  onChanged(paths: readonly PathRecord[]): void;
  /** Everything was looked up, and nothing ever found that this node can send to; `cause` is the first failure. */
  onUnresolved(cause: unknown): void;
}

/** What one host was resolved to; replaced when it is looked up anew. */
interface Resolved {
  readonly paths: readonly PathRecord[];
}

/** The addresses of some hosts. A host that can no longer be resolved keeps those that it had. */
export class HostAddresses {
  readonly #context: PeerContext;
  readonly #listener: AddressesListener;
  /** By host and port. */
  readonly #hosts = new Map<string, Resolved>();
  #pending = 0;
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
      if (anew || !this.#hosts.has(name)) this.#resolve(name, host).catch((cause: unknown) => this.#context.onFault(cause));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  get #paths(): readonly PathRecord[] {
    return [...this.#hosts.values()].flatMap(({ paths }) => paths);
  }

  async #resolve(name: string, host: HostAndPort): Promise<void> {
    // What is found counts unless the host was looked up again meanwhile, or is wanted no longer.
    const asked: Resolved = { paths: this.#hosts.get(name)?.paths ?? [] };
    this.#hosts.set(name, asked);
    this.#pending++;
    const paths = await this.#pathsTo(host);
    this.#pending--;
    if (this.#isOver) return;
    if (paths.length > 0 && this.#hosts.get(name) === asked) {
      this.#hosts.set(name, { paths });
      this.#listener.onChanged(this.#paths);
    } else if (this.#pending === 0 && this.#paths.length === 0) {
      this.#listener.onUnresolved(this.#failure);
    }
  }

  async #pathsTo({ host, port }: HostAndPort): Promise<readonly PathRecord[]> {
    const paths: PathRecord[] = [];
    try {
      for (const address of await this.#context.runtime.resolve(host)) {
        if (this.#isOver) break;
        const path = this.#pathTo(address.host, port);
        if (path !== null && !paths.some((known) => Buffer.compare(known, path) === 0)) paths.push(path);
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
