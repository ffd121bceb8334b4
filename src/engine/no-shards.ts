/** What an engine answers about shards that has no sockets of the system: none can share its port. */
import type { Engine } from './engine.js';

/** The methods of {@link Engine} that only shards need. */
export type ShardMethods = Pick<Engine, 'joinShardGroup' | 'steer' | 'handOver'>;

/** Throws as the system does for an option that it does not have; there is nobody to hand anything to. */
export const NO_SHARDS: ShardMethods = {
  joinShardGroup: () => {
    throw unsupported('joinShardGroup');
  },
  steer: () => {
    throw unsupported('setsockopt');
  },
  handOver: () => false,
};

/** Throws where a port was to be shared. */
export function requireUnshared(sharesPort: boolean | undefined): void {
  if (sharesPort === true) throw unsupported('bind');
}

function unsupported(syscall: string): Error {
  return Object.assign(new Error(`${syscall} EOPNOTSUPP: this engine has no shards, only the native one on Linux has`), {
    code: 'EOPNOTSUPP',
    syscall,
  });
}
