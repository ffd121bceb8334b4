/** Two nodes prove their keys to one another and agree on new ones. Pure state: the caller moves the datagrams. See docs/handshake.md. */
export { type FaultReason, HandshakeFault } from './fault.js';
export { FirstMessages } from './first-messages.js';
export { type Call, type CallOutcome, Initiator } from './initiator.js';
export { type FoundNode, JoinInitiator, type JoinOutcome } from './join-initiator.js';
export { type IncomingGreeting, type IncomingJoin, JoinResponder, type ReceivedGreeting, type ReceivedJoin } from './join-responder.js';
export { CIPHER_NUMBERS, type Cipher, type DirectionKeys } from './keys.js';
export { mac1KeyOf } from './mac1.js';
export { type HandshakeParty, type HandshakeResult, type LocalEnd, wipeKeys } from './party.js';
export type { InitialCredit } from './payload.js';
export { INSTANCE_BYTES } from './protocol.js';
export { type IncomingCall, type ReceivedCall, Responder } from './responder.js';
export { retryDelayMs } from './retry-schedule.js';
export { Timestamps } from './timestamps.js';
