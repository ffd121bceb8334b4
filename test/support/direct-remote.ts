import type { Path, SocketAddress } from '../../src/api/peers.js';

/** Where a path without relays leads. */
export function directRemote(path: Path | null | undefined): SocketAddress | undefined {
  return path?.kind === 'direct' ? path.remote : undefined;
}
