/**
 * Why a received handshake message changed nothing. Never an answer to its sender, who may be anybody: for counters and the log.
 *
 * - malformed: no handshake message of this version by its form
 * - unexpected: another message than the one waited for
 * - unauthentic: it does not decrypt
 * - wrong-identity: the id inside is not the one whose key was proved, or not the one that was called, or this node's own
 * - contradictory: what is sealed differs from what the packet says in clear
 * - downgrade: both ends speak a better version than the one used
 * - too-small: the answer would be larger than what asks for it
 * - rate-limited: this identity asked too often
 * - unread: too many waited to be read, or the thread that was to read it has ended
 */
export type FaultReason =
  | 'malformed'
  | 'unexpected'
  | 'unauthentic'
  | 'wrong-identity'
  | 'contradictory'
  | 'downgrade'
  | 'too-small'
  | 'rate-limited'
  | 'unread';

/** The one thing that reading a handshake message throws. */
export class HandshakeFault extends Error {
  readonly reason: FaultReason;

  constructor(reason: FaultReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HandshakeFault';
    this.reason = reason;
  }
}

/** What `read` returns, or the fault that it throws. */
export function orFault<T>(read: () => T): T | HandshakeFault {
  try {
    return read();
  } catch (error) {
    if (error instanceof HandshakeFault) return error;
    throw error;
  }
}
