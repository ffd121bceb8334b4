import { beforeEach, describe, expect, test } from 'vitest';
import type { Flusher } from '../../../src/engine/flusher.js';
import { AddressRace } from '../../../src/peer/address-race.js';
import { AskedHosts } from '../../../src/peer/asked-hosts.js';
import type { PeerContext } from '../../../src/peer/context.js';
import { FakeEngine } from '../support/fake-engine.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

const STAGGER_MS = 250;
const TEXT_AT = 16;

/** Notes where datagrams go; has no socket for hosts that begin with `!`. */
class NotingEngine extends FakeEngine {
  readonly addressees: string[] = [];

  override pathTo(host = ''): Uint8Array {
    if (host.startsWith('!')) throw new Error('no socket of that family');
    const path = new Uint8Array(48);
    path[2] = host.includes(':') ? 6 : 4;
    new TextEncoder().encodeInto(host, path.subarray(TEXT_AT));
    return path;
  }

  override sendDatagram(path?: Uint8Array): void {
    this.addressees.push(
      Buffer.from(path?.subarray(TEXT_AT) ?? [])
        .toString()
        .replace(/\0+$/, ''),
    );
  }
}

const SIX = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4'] as const;
const FOUR = ['192.0.2.1', '192.0.2.2'] as const;

let runtime: ManualRuntime;
let engine: NotingEngine;
let race: AddressRace;

beforeEach(() => {
  runtime = new ManualRuntime();
  engine = new NotingEngine(null, () => {});
  const flusher = { mark: () => {} } as unknown as Flusher;
  const part: Partial<PeerContext> = { runtime, engine, flusher, asked: new AskedHosts(engine) };
  race = new AddressRace(part as PeerContext, {
    nextMessage: () => ({ datagram: new Uint8Array(1), retryAfterMs: 3_600_000, askedAt: [] }),
    onAttempt: () => {},
    onUnresolved: (cause) => expect.unreachable(String(cause)),
  });
  return () => race.stop();
});

/** Asks at hosts `0.example` and so on, of these addresses. */
function look(hosts: readonly (readonly string[])[]): void {
  for (const [index, addresses] of hosts.entries()) runtime.names.set(nameOf(index), addresses);
  race.look(
    hosts.map((_addresses, index) => ({ host: nameOf(index), port: 1 })),
    null,
    true,
  );
}

const nameOf = (index: number): string => `${index}.example`;

/** Every address is tried once, in this order, with the pause between them. */
async function expectOrder(addresses: readonly string[]): Promise<void> {
  await settle();
  for (let count = 1; count <= addresses.length; count++) {
    expect(engine.addressees).toEqual(addresses.slice(0, count));
    await runtime.advance(STAGGER_MS - 1);
    expect(engine.addressees).toHaveLength(count);
    await runtime.advance(1);
  }
  expect(engine.addressees).toHaveLength(addresses.length);
}

test('a message whose answer was a cookie goes once more only where it went before', () => {
  const [asked, another] = [engine.pathTo(FOUR[0]), engine.pathTo(FOUR[1])];
  const message = { datagram: new Uint8Array(1), retryAfterMs: 1, askedAt: [asked] };
  for (const source of [asked, another]) race.repeat(source, message, new Uint8Array(1));
  expect(engine.addressees).toEqual([FOUR[0]]);
});

describe('the addresses of a node', () => {
  test.each([
    ['one name', [[...SIX, ...FOUR]]],
    ['hosts that have one each', [...SIX, ...FOUR].map((address) => [address])],
    ['several hosts', [['!', SIX[0], SIX[0], SIX[1]], [FOUR[0], SIX[2]], [FOUR[0], FOUR[1]], [SIX[3]]]],
  ] as const)('of both families are tried in turn, so that a dead family delays the other by one address: %s', async (_which, hosts) => {
    look(hosts);
    await expectOrder([SIX[0], FOUR[0], SIX[1], FOUR[1], SIX[2], SIX[3]]);
  });

  test('begin with the family of the first', async () => {
    look([[...FOUR, SIX[0]], [SIX[1]]]);
    await expectOrder([FOUR[0], SIX[0], FOUR[1], SIX[1]]);
  });

  test('of one family are tried in the order of the hosts, whichever are found first', async () => {
    const resolve = runtime.resolve.bind(runtime);
    let answer = (): void => {};
    const slow = new Promise<void>((resolved) => {
      answer = resolved;
    });
    runtime.resolve = async (host) => {
      if (host === nameOf(0)) await slow;
      return resolve(host);
    };
    look([[SIX[1]], [SIX[0], SIX[2], SIX[3]]]);
    await settle();
    answer();
    await expectOrder(SIX);
  });

  test('of a host that became known are tried in its place', async () => {
    look([[SIX[0], SIX[2], SIX[3]]]);
    await settle();
    runtime.names.set('new.example', [SIX[1]]);
    race.look(
      [
        { host: 'new.example', port: 1 },
        { host: nameOf(0), port: 1 },
      ],
      null,
      false,
    );
    await expectOrder(SIX);
  });
});
