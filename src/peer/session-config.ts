import type { PathRecord, SessionConfig } from '../engine/engine.js';
import { CIPHER_NUMBERS, type HandshakeResult } from '../handshake/index.js';

/** What a finished handshake gives the engine. */
export function sessionConfigOf(
  result: HandshakeResult,
  path: PathRecord,
  use: Pick<SessionConfig, 'firstSend' | 'firstReceive' | 'preferred'>,
): SessionConfig {
  return {
    localIndex: result.localIndex,
    remoteIndex: result.remoteIndex,
    cipher: CIPHER_NUMBERS[result.cipher],
    sendKey: result.sendKeys.data,
    receiveKey: result.receiveKeys.data,
    sendHopKey: result.sendKeys.hopTag,
    receiveHopKey: result.receiveKeys.hopTag,
    path,
    begunHere: result.role === 'initiator',
    confirmed: result.isConfirmed,
    ...use,
  };
}
