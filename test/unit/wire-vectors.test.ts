/** The vectors of docs/protocol.md that TypeScript has code for; `native/wire` runs all of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeEnvelope, encodeEnvelope, MessageKind } from '../../src/handshake/envelope.js';
import { MAC_BYTES, mac1KeyOf, mac1Of } from '../../src/handshake/mac1.js';
import { nodeIdOf, routeIdOfNodeId } from '../../src/identity/index.js';

interface HandshakeVector {
  readonly type: string;
  readonly message: string;
  readonly receiverIndex: number;
  readonly senderIndex: number;
  readonly noise: string;
  readonly mac1: string;
  readonly mac2: string;
}

interface PacketVectors {
  readonly packets: readonly { readonly name: string; readonly bytes: string; readonly packet: HandshakeVector }[];
  readonly errors: readonly { readonly name: string; readonly bytes: string; readonly error: string }[];
}

interface MacVectors {
  readonly routeIds: readonly { readonly publicKey: string; readonly routeId: string }[];
  readonly keys: readonly { readonly networkKey: string; readonly responderId: string; readonly macKey: string }[];
  readonly packets: readonly { readonly name: string; readonly bytes: string; readonly macKey: string; readonly mac1: string }[];
}

const packets = load<PacketVectors>('packets.json');
const macs = load<MacVectors>('macs.json');
const kinds: Readonly<Record<string, MessageKind>> = MessageKind;

describe('handshake packets', () => {
  const known = packets.packets.filter(({ packet }) => packet.type === 'handshake' && packet.message in kinds);

  test('there are vectors of every message that is spoken', () => {
    expect(new Set(known.map(({ packet }) => packet.message))).toEqual(new Set(Object.keys(kinds)));
  });

  test.each(known)('$name is read as written', ({ bytes, packet }) => {
    const envelope = decodeEnvelope(fromHex(bytes));
    expect(envelope.kind).toBe(kinds[packet.message]);
    expect(envelope.receiverIndex).toBe(packet.receiverIndex);
    expect(envelope.senderIndex).toBe(packet.senderIndex);
    expect(toHex(envelope.noise)).toBe(packet.noise);
  });

  test.each(packets.errors.filter(({ bytes }) => bytes.startsWith('01')))('$name is refused', ({ bytes }) => {
    expect(() => decodeEnvelope(fromHex(bytes))).toThrow();
  });
});

describe('mac1', () => {
  test.each(macs.keys)('key of responder $responderId', ({ networkKey, responderId, macKey }) => {
    const responder = /^0*$/.test(responderId) ? null : nodeIdOf(fromHex(responderId));
    expect(toHex(mac1KeyOf(fromHex(networkKey), responder))).toBe(macKey);
  });

  test.each(macs.packets)('$name', ({ bytes, macKey, mac1 }) => {
    const packet = fromHex(bytes);
    expect(toHex(mac1Of(fromHex(macKey), packet.subarray(0, packet.length - 2 * MAC_BYTES)))).toBe(mac1);
  });

  test('is put where receivers look for it', () => {
    for (const { bytes, macKey, mac1 } of macs.packets.filter((vector) => vector.bytes.startsWith('0101'))) {
      const packet = encodeEnvelope(decodeEnvelope(fromHex(bytes)), fromHex(macKey));
      expect(toHex(packet.subarray(-2 * MAC_BYTES, -MAC_BYTES))).toBe(mac1);
      expect(toHex(packet.subarray(-MAC_BYTES))).toBe('00'.repeat(MAC_BYTES));
      expect(toHex(packet.subarray(0, -2 * MAC_BYTES))).toBe(bytes.slice(0, -4 * MAC_BYTES));
    }
  });
});

test.each(macs.routeIds)('RouteId of $publicKey', ({ publicKey, routeId }) => {
  expect(toHex(routeIdOfNodeId(nodeIdOf(fromHex(publicKey))))).toBe(routeId);
});

function load<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
