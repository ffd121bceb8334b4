/** Which shard's socket is at which position of a group of sockets that share their address. All addresses of a node have the same order. */
export class SteeringOrder {
  readonly #shards: number[] = [];

  /** By position. */
  get positions(): readonly number[] {
    return [...this.#shards];
  }

  /** A shard has bound its sockets, the last so far. */
  add(shard: number): void {
    this.#shards.push(shard);
  }

  /** A shard's sockets are closed: the kernel moves the last of the group into the place of each. Returns whether there were any. */
  remove(shard: number): boolean {
    const position = this.#shards.indexOf(shard);
    if (position < 0) return false;
    const last = this.#shards.pop();
    if (last !== undefined && position < this.#shards.length) this.#shards[position] = last;
    return true;
  }
}
