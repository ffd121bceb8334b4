/** The vectors of docs/protocol.md "Announcements" and "Statements". */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatHost, identityOfSeed, parseHostAndPort } from '../../../src/identity/index.js';
import { decodeStatement, isStatementSigned } from '../../../src/identity/statement.js';
import { decodeAnnouncement, isAnnouncementSigned, signAnnouncement } from '../../../src/mesh/announcements/announcement.js';

interface Named {
  readonly name: string;
  readonly bytes: string;
}

interface AnnouncementVector extends Named {
  readonly seed: string;
  readonly routeId: string;
  readonly announcement: {
    readonly instance: string;
    readonly sequence: string;
    readonly lifetimeSeconds: number;
    readonly isRelay: boolean;
    readonly hosts: readonly string[];
    readonly extensions: readonly { readonly type: number; readonly bytes: string }[];
  };
}

interface StatementVector extends Named {
  readonly seed: string;
  readonly successorSeed: string | null;
}

interface Vectors<V> {
  readonly errors: readonly Named[];
  readonly forged: readonly Named[];
  readonly announcements: readonly V[];
  readonly statements: readonly V[];
}

const announcements = load<AnnouncementVector>('announcements.json');
const statements = load<StatementVector>('statements.json');

describe('an announcement', () => {
  test.each(announcements.announcements)('is read, and written, as the vector has it: $name', ({ seed, bytes, routeId, announcement }) => {
    const identity = identityOfSeed(fromHex(seed));
    const content = {
      ...announcement,
      sequence: Number(announcement.sequence),
      hosts: announcement.hosts.map(parseHostAndPort),
      extensions: announcement.extensions.map(({ type, bytes }) => ({ type, bytes: fromHex(bytes) })),
    };
    const read = decodeAnnouncement(fromHex(bytes));
    expect(read?.announcement).toEqual({ id: identity.id, ...content });
    expect(read?.routeKey).toBe(routeId);
    expect(read?.announcement.hosts.map(formatHost)).toEqual(announcement.hosts);
    expect(read !== null && isAnnouncementSigned(read)).toBe(true);
    expect(toHex(signAnnouncement(identity, content).bytes)).toBe(bytes);
  });

  test.each(announcements.errors)('in another form is refused: $name', ({ bytes }) => expect(decodeAnnouncement(fromHex(bytes))).toBeNull());

  test.each(announcements.forged)('that its key has not signed is not believed: $name', ({ bytes }) => {
    const read = decodeAnnouncement(fromHex(bytes));
    expect(read !== null && !isAnnouncementSigned(read)).toBe(true);
  });
});

describe('a statement', () => {
  test.each(statements.statements)('is made, and read, as the vector has it: $name', ({ seed, successorSeed, bytes }) => {
    const identity = identityOfSeed(fromHex(seed));
    const successor = successorSeed === null ? null : identityOfSeed(fromHex(successorSeed)).id;
    expect(toHex(successor === null ? identity.revoke() : identity.succeedBy(successor.toUpperCase()))).toBe(bytes);
    const read = decodeStatement(fromHex(bytes));
    expect(read).toEqual({ id: identity.id, successor });
    expect(read !== null && isStatementSigned(read, fromHex(bytes))).toBe(true);
  });

  test.each(statements.errors)('in another form is refused: $name', ({ bytes }) => expect(decodeStatement(fromHex(bytes))).toBeNull());

  test.each(statements.forged)('that its key has not signed is not believed: $name', ({ bytes }) => {
    const read = decodeStatement(fromHex(bytes));
    expect(read !== null && !isStatementSigned(read, fromHex(bytes))).toBe(true);
  });

  test('names as successor only an id that can be connected to, and not the same', () => {
    const identity = identityOfSeed(new Uint8Array(32).fill(1));
    for (const id of [identity.id, 'a'.repeat(52), 'text']) {
      expect(() => identity.succeedBy(id)).toThrow(expect.objectContaining({ code: 'ERR_OSIER_BAD_ID' }));
    }
  });
});

function load<V>(name: string): Vectors<V> {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')) as Vectors<V>;
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
