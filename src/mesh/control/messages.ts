/**
 * The messages of the control stream, one byte of type and then fields, little-endian; see docs/protocol.md, "Control stream".
 */
import type { SocketAddress } from '../../api/peers.js';
import { ipBytes, ipText, isUnicast, ROUTE_ID_BYTES } from '../../identity/index.js';
import { type RouteKey, type RouteUpdate, routeIdOfKey, routeKey } from '../routing/index.js';
import { ControlReader, ControlWriter, MalformedControl } from './fields.js';

/** Named in OPEN. The zero byte keeps it apart from what applications name. */
export const CONTROL_PROTOCOL = '\0mesh';

/** What HELLO says; others are passed over by their type. */
const CONTROL_VERSION = 1;

/** The largest signed bytes of an announcement or a statement. */
export const SIGNED_BYTES_MAX = 1_100;
/** Of ROUTES: with its type it fits a packet of the base size. */
export const ROUTES_PER_MESSAGE_MAX = 48;
/** No message is larger. */
export const CONTROL_MESSAGE_BYTES_MAX = 1_200;

const MessageType = { hello: 1, announcement: 2, routes: 3, sequenceRequest: 4, statement: 5 } as const;
const IS_RELAY = 1;

/** One way that a neighbour offers. */
export type RouteAdvert = RouteUpdate;

export type ControlMessage =
  | { readonly type: 'hello'; readonly isRelay: boolean /** Where the sender sees the receiver. */; readonly observed: SocketAddress | null }
  | { readonly type: 'announcement' | 'statement'; readonly signed: Uint8Array }
  | { readonly type: 'routes'; readonly routes: readonly RouteAdvert[] }
  | { readonly type: 'sequence-request'; readonly destination: RouteKey; readonly sequence: bigint; readonly ttl: number };

/** One message. Throws where it would pass a limit: that is a fault of this library. */
export function encodeControl(message: ControlMessage): Uint8Array {
  const writer = new ControlWriter(CONTROL_MESSAGE_BYTES_MAX);
  switch (message.type) {
    case 'hello':
      writer
        .uint8(MessageType.hello)
        .uint8(CONTROL_VERSION)
        .uint8(message.isRelay ? IS_RELAY : 0);
      writeAddress(writer, message.observed);
      break;
    case 'announcement':
    case 'statement':
      if (message.signed.length === 0 || message.signed.length > SIGNED_BYTES_MAX) throw new RangeError('signed bytes beyond their limit');
      writer.uint8(MessageType[message.type]).bytes(message.signed);
      break;
    case 'routes':
      if (message.routes.length === 0 || message.routes.length > ROUTES_PER_MESSAGE_MAX) throw new RangeError('routes beyond their limit');
      writer.uint8(MessageType.routes);
      for (const route of message.routes) writeRoute(writer, route);
      break;
    case 'sequence-request':
      writer.uint8(MessageType.sequenceRequest).bytes(routeIdOfKey(message.destination)).uint64(message.sequence).uint8(message.ttl);
      break;
  }
  return writer.written();
}

/** Reads one message, whose byte arrays are its own; `null` for a type that this version does not know. Throws {@link MalformedControl}. */
export function decodeControl(bytes: Uint8Array): ControlMessage | null {
  if (bytes.length > CONTROL_MESSAGE_BYTES_MAX) throw new MalformedControl('is longer than any message');
  const reader = new ControlReader(bytes);
  const message = readMessage(reader);
  if (message !== null) reader.end();
  return message;
}

function readMessage(reader: ControlReader): ControlMessage | null {
  const type = reader.uint8();
  switch (type) {
    case MessageType.hello:
      return readHello(reader);
    case MessageType.announcement:
    case MessageType.statement: {
      const signed = reader.rest();
      if (signed.length === 0 || signed.length > SIGNED_BYTES_MAX) throw new MalformedControl('has signed bytes beyond their limit');
      return { type: type === MessageType.announcement ? 'announcement' : 'statement', signed };
    }
    case MessageType.routes:
      return { type: 'routes', routes: readRoutes(reader) };
    case MessageType.sequenceRequest: {
      const destination = readRouteKey(reader);
      return { type: 'sequence-request', destination, sequence: reader.uint64(), ttl: reader.uint8() };
    }
    default:
      return null;
  }
}

function readHello(reader: ControlReader): ControlMessage {
  const version = reader.uint8();
  if (version !== CONTROL_VERSION) throw new MalformedControl(`speaks version ${version}`);
  const isRelay = (reader.uint8() & IS_RELAY) !== 0;
  return { type: 'hello', isRelay, observed: readAddress(reader) };
}

function readRoutes(reader: ControlReader): RouteAdvert[] {
  const routes: RouteAdvert[] = [];
  do {
    if (routes.length === ROUTES_PER_MESSAGE_MAX) throw new MalformedControl('has more routes than a message may');
    const destination = readRouteKey(reader);
    const sequence = reader.uint64();
    const metricMicros = reader.uint32();
    const mtuBytes = reader.uint16();
    routes.push({ destination, sequence, metricMicros, mtuBytes, hops: reader.uint8() });
  } while (reader.left > 0);
  return routes;
}

function readRouteKey(reader: ControlReader): RouteKey {
  return routeKey(reader.bytes(ROUTE_ID_BYTES));
}

function writeRoute(writer: ControlWriter, { destination, sequence, metricMicros, mtuBytes, hops }: RouteAdvert): void {
  writer.bytes(routeIdOfKey(destination)).uint64(sequence).uint32(metricMicros).uint16(mtuBytes).uint8(hops);
}

/** Family (u8: 0 none, 4, 6), port (u16), the address in 4 or 16 bytes. One with a zone means nothing elsewhere and is left out. */
function writeAddress(writer: ControlWriter, address: SocketAddress | null): void {
  const bytes = address === null ? null : ipBytes(address.host);
  if (address === null || bytes === null) writer.uint8(0);
  else
    writer
      .uint8(bytes.length === 4 ? 4 : 6)
      .uint16(address.port)
      .bytes(bytes);
}

function readAddress(reader: ControlReader): SocketAddress | null {
  const family = reader.uint8();
  if (family === 0) return null;
  if (family !== 4 && family !== 6) throw new MalformedControl('has an address of no family');
  const port = reader.uint16();
  const bytes = reader.bytes(family === 4 ? 4 : 16);
  if (port === 0 || !isUnicast(bytes)) throw new MalformedControl('has an address that nobody can have');
  return { host: ipText(bytes), port };
}
