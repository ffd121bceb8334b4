import type { SocketAddress } from '../api/peers.js';
import type { Engine } from '../engine/engine.js';
import type { Runtime } from '../engine/runtime.js';
import { textOf } from '../errors/text-of.js';
import { engineConfigOf, INITIAL_CREDIT_BYTES } from '../node/credentials.js';
import { bindSockets } from '../node/listen-sockets.js';
import type { ListenAddress, ParsedNodeOptions } from '../node/options.js';
import { memoryPartsOf } from './crossing-budget.js';

/** How many shards there will be, and where they listen. */
export interface ShardPlan {
  readonly count: number;
  /** What all shards bind; `null`: what the options say. */
  readonly listen: readonly ListenAddress[] | null;
  /** Why there are fewer than were asked for. */
  readonly reason: string | null;
}

/**
 * Finds out whether this machine lets several sockets share an address, and chooses the addresses: by sockets that share nothing, so that no port is
 * taken which another program has. Errors: LISTEN_FAILED.
 */
export async function planShards(options: ParsedNodeOptions, runtime: Runtime): Promise<ShardPlan> {
  if (options.shards === 1) return { count: 1, listen: options.listen, reason: null };
  const one = (why: string): ShardPlan => ({ count: 1, listen: options.listen, reason: `One shard instead of ${options.shards}: ${why}.` });
  const { peers, memoryBytes } = options.limits;
  if (peers < options.shards) return one(`with limits.peers ${peers}, not each of them could have a peer`);
  if (memoryPartsOf(memoryBytes).engines < options.shards * INITIAL_CREDIT_BYTES) {
    return one(`with limits.memoryBytes ${memoryBytes}, not each of them could have a connection`);
  }
  const refusal = steeringRefusal(options, runtime);
  if (refusal !== null) return one(`sockets cannot share a port here: ${refusal}`);
  const sockets = await withEngine(options, runtime, (engine) => bindSockets(runtime, engine, options.listen));
  return { count: options.shards, listen: sockets.map(listenAddressOf), reason: null };
}

function steeringRefusal(options: ParsedNodeOptions, runtime: Runtime): string | null {
  const engine = trialEngine(options, runtime);
  try {
    engine.bind('127.0.0.1', 0, true);
    engine.steer(Uint8Array.of(0));
    return null;
  } catch (error) {
    return textOf(error);
  } finally {
    engine.close();
  }
}

async function withEngine<T>(options: ParsedNodeOptions, runtime: Runtime, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = trialEngine(options, runtime);
  try {
    return await use(engine);
  } finally {
    engine.close();
  }
}

function trialEngine(options: ParsedNodeOptions, runtime: Runtime): Engine {
  return runtime.createEngine(engineConfigOf(options, { index: 0, shards: options.shards }), () => {});
}

/** A socket as an address to bind. */
export function listenAddressOf({ host, port }: SocketAddress): ListenAddress {
  return { text: `udp://${host.includes(':') ? `[${host}]` : host}:${port}`, host, port };
}
