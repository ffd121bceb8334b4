import type { EngineConfig } from '../../../src/engine/engine.js';

/** For an engine of a few small peers, without timers that a test has not asked for. */
export const ENGINE_CONFIG: EngineConfig = {
  idleTimeoutMicros: 0,
  peerLostAfterMicros: 30_000_000,
  keepAliveMicros: 0,
  memoryBytes: 64 << 20,
  peers: 8,
  streamsPerPeer: 8,
  streamWindowBytes: 1 << 20,
  messageBytes: 1 << 20,
  initialDataBytes: 48 << 10,
  initialStreamDataBytes: 48 << 10,
  mtuBytes: 1_200,
  congestion: 0,
};
