/** Whose place in the order of sockets is in doubt. */
import type { ShardLink } from './shard-link.js';

/**
 * A dying shard's sockets are closed a while before its thread has ended, which is when that is heard: whether another shard bound its own before or after
 * makes two orders. It was after for a shard that gave a sign of life since. Without that nobody knows: then the other one is ended as well, since without
 * both of them the order is the same either way.
 */
export class BindingDoubts {
  /** Of each shard that has bound its sockets, those that had before it, and have given no sign of life since. */
  readonly #silent = new Map<ShardLink, Set<ShardLink>>();

  /** A shard has bound its sockets, the last so far. */
  bound(shard: ShardLink): void {
    const silent = new Set(this.#silent.keys());
    this.#silent.set(shard, silent);
    for (const other of silent) {
      other.call('alive', {}).then(
        () => silent.delete(other),
        () => {},
      );
    }
  }

  /** A shard's thread has ended. Returns those whose place is in doubt for that. */
  gone(shard: ShardLink): ShardLink[] {
    this.#silent.delete(shard);
    const doubtful: ShardLink[] = [];
    for (const [other, silent] of this.#silent) if (silent.delete(shard)) doubtful.push(other);
    return doubtful;
  }
}
