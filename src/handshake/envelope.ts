/**
 * A handshake packet, little-endian, as `native/wire/src/handshake_envelope.rs` has it:
 *
 * | offset | field |
 * |---|---|
 * | 0 | type: 1 |
 * | 1 | message: {@link MessageKind} |
 * | 2 | zero (u16) |
 * | 4 | receiver index (u32): of the session that a first message replaces, or 0; in an answer, the index asked from |
 * | 8 | version (u8), 3 zero bytes |
 * | 12 | sender index (u32) |
 * | 16 | Noise message |
 * | end - 32 | mac1 (16) |
 * | end - 16 | mac2 (16): zero without a cookie |
 */
import { HandshakeFault } from './fault.js';
import { MAC_BYTES, mac1Of } from './mac1.js';
import { IK_MESSAGE_1_OVERHEAD, IK_MESSAGE_2_OVERHEAD, XX_MESSAGE_1_OVERHEAD, XX_MESSAGE_2_OVERHEAD, XX_MESSAGE_3_OVERHEAD } from './noise.js';
import { HANDSHAKE_BYTES_MAX, VERSION } from './protocol.js';

/** Which message of which pattern; `xx` stands for XXpsk0. */
export const MessageKind = { ik1: 1, ik2: 2, xx1: 3, xx2: 4, xx3: 5 } as const;

/** A value of {@link MessageKind}. */
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** Bytes around the Noise message. */
export const ENVELOPE_OVERHEAD = 16 + 2 * MAC_BYTES;

const TYPE = 1;
const NOISE_OFFSET = 16;

/** The Noise message when its payload is empty. */
const NOISE_BYTES_MIN: Readonly<Record<MessageKind, number>> = {
  [MessageKind.ik1]: IK_MESSAGE_1_OVERHEAD,
  [MessageKind.ik2]: IK_MESSAGE_2_OVERHEAD,
  [MessageKind.xx1]: XX_MESSAGE_1_OVERHEAD,
  [MessageKind.xx2]: XX_MESSAGE_2_OVERHEAD,
  [MessageKind.xx3]: XX_MESSAGE_3_OVERHEAD,
};

/** What a packet says in clear. */
export interface Envelope {
  readonly kind: MessageKind;
  readonly receiverIndex: number;
  readonly senderIndex: number;
  /** A view of the packet. */ readonly noise: Uint8Array;
}

/** The packet, with its mac1. */
export function encodeEnvelope({ kind, receiverIndex, senderIndex, noise }: Envelope, mac1Key: Uint8Array): Uint8Array {
  const packet = new Uint8Array(ENVELOPE_OVERHEAD + noise.length);
  if (packet.length > HANDSHAKE_BYTES_MAX) throw new Error(`a handshake packet of ${packet.length} bytes`);
  const view = new DataView(packet.buffer);
  view.setUint8(0, TYPE);
  view.setUint8(1, kind);
  view.setUint32(4, receiverIndex, true);
  view.setUint8(8, VERSION);
  view.setUint32(12, senderIndex, true);
  packet.set(noise, NOISE_OFFSET);
  const mac1Offset = NOISE_OFFSET + noise.length;
  packet.set(mac1Of(mac1Key, packet.subarray(0, mac1Offset)), mac1Offset);
  return packet;
}

/** Reads a packet whose mac1 the engine has verified. Throws {@link HandshakeFault} 'malformed'. */
export function decodeEnvelope(packet: Uint8Array): Envelope {
  if (packet.length < ENVELOPE_OVERHEAD || packet.length > HANDSHAKE_BYTES_MAX) throw malformed(`has ${packet.length} bytes`);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  if (view.getUint8(0) !== TYPE) throw malformed(`has type ${view.getUint8(0)}`);
  if (view.getUint8(8) !== VERSION) throw malformed(`has version ${view.getUint8(8)}`);
  if (view.getUint16(2) !== 0 || view.getUint16(9) !== 0 || view.getUint8(11) !== 0) throw malformed('has reserved bytes that are not zero');
  const kind = messageKind(view.getUint8(1));
  const noise = packet.subarray(NOISE_OFFSET, packet.length - 2 * MAC_BYTES);
  if (noise.length < NOISE_BYTES_MIN[kind]) throw malformed(`has a Noise message of ${noise.length} bytes`);
  return { kind, receiverIndex: view.getUint32(4, true), senderIndex: view.getUint32(12, true), noise };
}

const KINDS: readonly MessageKind[] = Object.values(MessageKind);

function messageKind(number: number): MessageKind {
  const kind = KINDS.find((known) => known === number);
  if (kind !== undefined) return kind;
  throw malformed(`has message ${number}`);
}

function malformed(problem: string): HandshakeFault {
  return new HandshakeFault('malformed', `The handshake packet ${problem}`);
}
