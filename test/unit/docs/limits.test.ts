/** The pages say of every limit what the code says. */
import { describe, expect, test } from 'vitest';
import { constant, constantsOf, source, written } from './constants.js';

const WIRE = 'native/wire/src/limits.rs';
const PROTOCOL = 'src/handshake/protocol.ts';
const TUNING = 'src/handshake/tuning.ts';
const ANNOUNCEMENT = 'src/mesh/announcements/limits.ts';

/** Sizes of parts, which limit nothing by themselves. */
const LAYOUT = [
  'VERSION',
  'BASE_DATAGRAM_BYTES',
  'BASE_RELAYED_BYTES',
  'DATA_HEADER_BYTES',
  'TAG_BYTES',
  'HANDSHAKE_HEADER_BYTES',
  'MAC_BYTES',
  'COOKIE_BYTES',
  'COOKIE_NONCE_BYTES',
  'RELAY_HEADER_BYTES',
  'WAYPOINT_BYTES',
  'QUOTE_BYTES',
  'MESSAGE_RECORD_BYTES',
];

/** The cells of every row below a head whose second column is "constant". */
const rows = source('docs/security.md')
  .split('\n')
  .filter((line) => /^\| [^|]+ \| `[A-Z]/.test(line))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

describe('docs/security.md', () => {
  test.each(rows.map(([what = '', named = '', value = '']) => [what, named, value] as const))(
    'every limit is what the code says: %s',
    (_, named, value) => {
      const [, name = '', path = ''] = /^`([\w.]+)` in `([^`]+)`$/.exec(named) ?? [];
      expect(constant(path, name)).toBe(written(value, name));
    },
  );

  test('every limit of the wire is there', () => {
    const listed = rows.map(([, named]) => named);
    const missing = constantsOf(WIRE).filter((name) => !LAYOUT.includes(name) && !listed.includes(`\`${name}\` in \`${WIRE}\``));
    expect(missing).toEqual([]);
  });

  test('where a limit of the wire is enforced, it or what it bounds is named', () => {
    const wire = rows.filter((row) => row.length === 6);
    expect(wire.length).toBeGreaterThan(30);
    for (const [what, , , encode = '', decode = ''] of wire) {
      for (const [, path = ''] of `${encode} ${decode}`.matchAll(/`([^`]+)`/g)) {
        expect(() => source(path.includes('/src/') || path.startsWith('src/') ? path : `native/wire/src/${path}`), what).not.toThrow();
      }
    }
  });
});

type Bound = readonly [path: string, name: string];
const wire = (...names: string[]): Bound[] => names.map((name) => [WIRE, name]);

/** What the numbers in a row of another page are, in their order. */
const PAGES: Readonly<Record<string, Readonly<Record<string, readonly (Bound | bigint)[]>>>> = {
  'docs/protocol.md': {
    'UDP payload': wire('MAX_DATAGRAM_BYTES'),
    'data packet': wire('MIN_DATA_PACKET_BYTES', 'MAX_DATAGRAM_BYTES'),
    'handshake packet': [...wire('MIN_HANDSHAKE_BYTES'), 1n, ...wire('MAX_HANDSHAKE_BYTES')],
    'cookie reply, reset, hint': [
      ...wire('COOKIE_REPLY_BYTES', 'RESET_BYTES', 'HINT_BYTES'),
      ...wire('COOKIE_REPLY_BYTES', 'RESET_BYTES', 'HINT_BYTES'),
    ],
    'relayed packet; end-to-end packet inside': wire('MIN_RELAY_PACKET_BYTES', 'MIN_INNER_PACKET_BYTES', 'MAX_DATAGRAM_BYTES', 'MAX_ROUTE_MTU_BYTES'),
    'ttl (hops)': [1n, ...wire('MAX_TTL')],
    'versions in a hint': [1n, ...wire('MAX_HINT_VERSIONS')],
    'packet number, stream offset, credit, stream id': [0n, ...wire('MAX_VARINT')],
    'streams that one end opens in an association': wire('MAX_STREAM_COUNT'),
    'ranges in an ACK': [1n, ...wire('MAX_ACK_RANGES')],
    'protocol name': [1n, ...wire('MAX_PROTOCOL_BYTES')],
    metadata: [0n, ...wire('MAX_METADATA_BYTES')],
    'application code': [0n, ['src/stream/stream-end.ts', 'CODE_MAX']],
    'reason in CLOSE': [0n, ...wire('MAX_CLOSE_REASON_BYTES')],
    'message, datagram': [0n, ...wire('MAX_MESSAGE_BYTES')],
    'part of a message or datagram': [1n],
    'place of a message': wire('MESSAGE_RECORD_BYTES', 'MAX_STREAM_OFFSET'),
    'lifetime of a message': [0n, ['src/stream/message-options.ts', 'LIFETIME_MS_MAX']],
    'mtu in TOO_BIG': wire('MIN_ROUTE_MTU_BYTES', 'MAX_ROUTE_MTU_BYTES'),
    announcement: [[ANNOUNCEMENT, 'ANNOUNCEMENT_BYTES_MAX']],
    'addresses, extensions of an announcement': [0n, 0n, [ANNOUNCEMENT, 'ADDRESSES_MAX'], [ANNOUNCEMENT, 'EXTENSIONS_MAX']],
    'its lifetime in seconds': [
      [ANNOUNCEMENT, 'LIFETIME_SECONDS_MIN'],
      [ANNOUNCEMENT, 'LIFETIME_SECONDS_MAX'],
    ],
    'its sequence': [1n, [ANNOUNCEMENT, 'SEQUENCE_MAX']],
  },
  'docs/handshake.md': {
    'handshake packet': [[PROTOCOL, 'HANDSHAKE_BYTES_MAX']],
    'message 1': [[PROTOCOL, 'MESSAGE_1_BYTES']],
    'versions, ciphers in a list': [
      [PROTOCOL, 'VERSIONS_MAX'],
      [PROTOCOL, 'CIPHERS_MAX'],
    ],
    'own message 1s that an answer is taken to': [[TUNING, 'ATTEMPTS_KEPT']],
    'answers kept for repetition': [
      [TUNING, 'UNCONFIRMED_MAX'],
      [TUNING, 'UNCONFIRMED_MS'],
    ],
    'joins that wait for message 3': [
      [TUNING, 'UNCONFIRMED_MAX'],
      [TUNING, 'UNCONFIRMED_MS'],
    ],
    'joins refused after message 3': [
      [TUNING, 'UNCONFIRMED_MAX'],
      [TUNING, 'UNCONFIRMED_MS'],
    ],
    'message 1s that wait for a thread': [[TUNING, 'FIRST_MESSAGES_WAITING_MAX']],
    'callers that `accept` is asked about': [['src/peer/admittance.ts', 'ASKED_MAX']],
    'addresses with a pin': [['src/peer/pin-table.ts', 'PINS_MAX']],
    'identities whose timestamp is kept': [[TUNING, 'IDENTITIES_REMEMBERED']],
    'answers to one identity': [
      [TUNING, 'ANSWERS_BURST'],
      [TUNING, 'ANSWERS_PER_SECOND'],
      [TUNING, 'STALE_ANSWERS_PER_SECOND'],
    ],
  },
};

describe.each(Object.entries(PAGES))('the table of limits in %s', (page, limits) => {
  const [, section = ''] = /^## (?:Limits|Bounds)$([\s\S]*?)^## /m.exec(source(page)) ?? [];
  const table = section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1);
  // The reasons of handshake.md are no part of the bound.
  const cells = table.map((line) => line.split(' | ').map((cell) => cell.replace(/^\| ?| ?\|$/g, '')));

  test('has the rows that are compared', () => expect(cells.map(([what]) => what)).toEqual(Object.keys(limits)));

  test.each(cells.map(([what = '', ...bounds]) => [what, page === 'docs/handshake.md' ? bounds.slice(0, 1) : bounds] as const))(
    'is that of the code: %s',
    (what, bounds) => {
      const numbers = [...bounds.join(' | ').matchAll(/\d[\d,]*\d(?:\^\d+)?(?: - 1)?(?: s\b)?|\d(?:\^\d+)?(?: - 1)?/g)].map(([text]) => text);
      const expected = limits[what] ?? [];
      const names = expected.map((bound) => (typeof bound === 'bigint' ? '' : bound[1]));
      expect(numbers.map((text, at) => written(text, names[at] ?? ''))).toEqual(
        expected.map((bound) => (typeof bound === 'bigint' ? bound : constant(...bound))),
      );
    },
  );
});
