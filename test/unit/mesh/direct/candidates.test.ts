import { describe, expect, test } from 'vitest';
import { isWorthAsking, waysTo } from '../../../../src/mesh/direct/candidate-rules.js';
import {
  CANDIDATES_MAX,
  type Candidate,
  type CandidatesMessage,
  DIRECT_MESSAGE_BYTES_MAX,
  decodeCandidates,
  encodeCandidates,
} from '../../../../src/mesh/direct/messages.js';

const candidate = (host: string, port = 7_400, kind: Candidate['kind'] = 'seen'): Candidate => ({ kind, host, port });
const message = (candidates: readonly Candidate[], nat: CandidatesMessage['nat'] = 'unknown'): CandidatesMessage => ({
  type: 'question',
  round: 0x01020304,
  nat,
  candidates,
});

describe('the message of candidates', () => {
  test('has these bytes', () => {
    const bytes = encodeCandidates({ ...message([candidate('5.6.7.8', 0x1234, 'mapped'), candidate('2001:db8::1', 1, 'bound')]), nat: 'none' });
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '01' + '04030201' + '01' + '02' + '02' + '04' + '3412' + '05060708' + '00' + '06' + '0100' + '20010db8000000000000000000000001',
    );
    expect(Buffer.from(encodeCandidates({ ...message([]), type: 'answer', nat: 'endpoint-dependent' })).toString('hex')).toBe('02040302010300');
  });

  test('is read as it was written, up to its limit', () => {
    const many = Array.from({ length: CANDIDATES_MAX + 3 }, (_, number) => candidate(`2001:db8::${number + 1}`));
    const bytes = encodeCandidates(message(many));
    expect(bytes).toHaveLength(DIRECT_MESSAGE_BYTES_MAX);
    expect(decodeCandidates(bytes)).toEqual(message(many.slice(0, CANDIDATES_MAX)));
  });

  test('is refused where it ends early, goes on, or has a field beyond its limit; an unknown type is passed over', () => {
    const bytes = encodeCandidates(message([candidate('5.6.7.8')]));
    for (let length = 0; length < bytes.length; length++) expect(() => decodeCandidates(bytes.subarray(0, length))).toThrow('control message');
    expect(() => decodeCandidates(Uint8Array.of(...bytes, 0))).toThrow('goes on');
    for (const [at, value] of [
      [5, 4],
      [6, 17],
      [7, 4],
      [8, 5],
    ] as const) {
      expect(() => decodeCandidates(bytes.with(at, value)), `${value} at ${at}`).toThrow('control message');
    }
    expect(() => decodeCandidates(bytes.with(9, 0).with(10, 0))).toThrow('no kind');
    expect(() => decodeCandidates(new Uint8Array(DIRECT_MESSAGE_BYTES_MAX + 1))).toThrow('longer');
    expect(decodeCandidates(bytes.with(0, 9))).toBeNull();
  });
});

describe('what is asked', () => {
  test('is no address for many, of one link alone, of this very node, or of the loopback', () => {
    const own = [candidate('192.168.0.2')];
    for (const host of [
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '169.254.1.1',
      '127.0.0.1',
      '::',
      '::1',
      'ff02::1',
      'fe80::1',
      '::ffff:1.2.3.4',
      'name',
    ]) {
      expect(isWorthAsking(candidate(host), own), host).toBe(false);
    }
    for (const host of ['10.0.0.1', '192.168.0.3', '2001:db8::1', 'fd00::1']) expect(isWorthAsking(candidate(host), own), host).toBe(true);
    expect(isWorthAsking(candidate('192.168.0.2'), own)).toBe(false);
    expect(isWorthAsking(candidate('192.168.0.2', 7_401), own)).toBe(true);
    expect(isWorthAsking(candidate('127.0.0.1', 7_401), [candidate('127.0.0.1')])).toBe(true);
  });

  test('is not what relays see where the routers of both ends show everybody another port', () => {
    const engine = { pathTo: (host: string) => new TextEncoder().encode(host) };
    const theirs = [candidate('5.5.5.5'), candidate('10.0.0.9', 1, 'bound')];
    const hostsAsked = (own: CandidatesMessage['nat']): string[] =>
      waysTo(engine, message(theirs, 'endpoint-dependent'), { nat: own, candidates: () => [] }).map(({ candidate }) => candidate.host);
    expect(hostsAsked('endpoint-independent')).toEqual(['5.5.5.5', '10.0.0.9']);
    expect(hostsAsked('endpoint-dependent')).toEqual(['10.0.0.9']);
  });

  test('is not what this node has no socket for', () => {
    const engine = {
      pathTo: (host: string): Uint8Array => {
        if (host.includes(':')) throw new Error('no socket');
        return new Uint8Array(1);
      },
    };
    const ways = waysTo(engine, message([candidate('2001:db8::1'), candidate('5.5.5.5')]), { nat: 'none', candidates: () => [] });
    expect(ways.map(({ candidate }) => candidate.host)).toEqual(['5.5.5.5']);
  });
});
