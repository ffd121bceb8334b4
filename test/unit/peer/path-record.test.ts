import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { directPathOf, pathOf, type RouteNames, sameRemote } from '../../../src/peer/path-record.js';

/** A record as docs/protocol.md lays it out. */
function record(fields: {
  socket?: number;
  family: 1 | 4 | 6;
  port: number;
  scope?: number;
  interface?: number;
  remote: number[];
  local?: number[];
}): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, fields.socket ?? 0, true);
  view.setUint8(2, fields.family);
  view.setUint8(3, fields.local === undefined ? 0 : 1);
  view.setUint16(4, fields.port, true);
  view.setUint32(8, fields.scope ?? 0, true);
  view.setUint32(12, fields.interface ?? 0, true);
  bytes.set(fields.remote, 16);
  bytes.set(fields.local ?? [], 32);
  return bytes;
}

const sockets = [
  { host: '0.0.0.0', port: 7_400 },
  { host: '::', port: 7_500 },
];

describe('a path record', () => {
  test('of IPv4 names both ends', () => {
    expect(pathOf(record({ family: 4, port: 9, remote: [192, 0, 2, 1], local: [10, 0, 0, 1] }), sockets)).toEqual({
      kind: 'direct',
      local: { host: '10.0.0.1', port: 7_400 },
      remote: { host: '192.0.2.1', port: 9 },
    });
  });

  test('without a local address names what the socket is bound to', () => {
    expect(pathOf(record({ family: 6, socket: 1, port: 65_535, remote: [0x20, 1, 0xd, 0xb8] }), sockets)).toMatchObject({
      local: { host: '::', port: 7_500 },
      remote: { host: '2001:db8::', port: 65_535 },
    });
  });

  test('of a link-local address of this end says on which interface', () => {
    const zoned = record({ family: 6, socket: 1, port: 9, remote: [0xfe, 0x80, 1], scope: 7, local: [0xfe, 0x80, 2], interface: 7 });
    expect(pathOf(zoned, sockets)).toMatchObject({ local: { host: 'fe80:200::%7' }, remote: { host: 'fe80:100::%7' } });
    const global = record({ family: 6, socket: 1, port: 9, remote: [0x20, 1], local: [0x20, 2], interface: 7 });
    expect(pathOf(global, sockets)).toMatchObject({ local: { host: '2002::' }, remote: { host: '2001::' } });
  });

  test.each([
    [[...Array(15).fill(0), 1], 0, '::1'],
    [[0xfe, 0x80, ...Array(13).fill(0), 5], 2, 'fe80::5%2'],
    [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], 0, '2001:db8:0:1::1'],
    [[0x20, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1], 0, '2001:0:1:0:1:0:1:1'],
    [Array(16).fill(0xff), 0, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('writes IPv6 %j as RFC 5952 does', (remote, scope, text) => {
    expect(directPathOf(record({ family: 6, port: 1, scope, remote }), sockets).remote.host).toBe(text);
  });

  describe('of a relayed path', () => {
    const [hop, far, waypoint] = [1, 2, 3].map((byte) => Array<number>(8).fill(byte)) as [number[], number[], number[]];
    const relayed = (by: number[], through?: number[]): Uint8Array =>
      record({
        socket: 0xffff,
        family: 1,
        port: 0,
        remote: [...by, ...far],
        ...(through === undefined ? {} : { local: [...Array<number>(8).fill(0), ...through] }),
      });
    const idOf = (byte: number): NodeId => `node${byte}` as NodeId;
    const names = (routed: readonly number[]): RouteNames => ({
      nodeOf: (routeId) => (routeId[0] === 0 ? null : idOf(routeId[0] ?? 0)),
      nextHopTo: (routeId) => (routed.includes(routeId[0] ?? 0) ? idOf(90 + (routeId[0] ?? 0)) : null),
    });

    test('names the neighbour that the route goes by, or else the one that brought a packet', () => {
      expect(pathOf(relayed(hop), sockets, names([2]))).toEqual({ kind: 'relayed', nextHop: 'node92', waypoint: null });
      expect(pathOf(relayed(hop), sockets, names([]))).toEqual({ kind: 'relayed', nextHop: 'node1', waypoint: null });
      expect(pathOf(relayed(hop, waypoint), sockets, names([2, 3]))).toEqual({ kind: 'relayed', nextHop: 'node93', waypoint: 'node3' });
    });

    test('names nobody that is not known', () => {
      expect(pathOf(relayed(Array<number>(8).fill(0)), sockets, names([]))).toBeNull();
      expect(pathOf(relayed(hop), sockets)).toBeNull();
    });

    test('leads to its peer by whichever neighbour', () => {
      expect(sameRemote(relayed(hop), relayed(waypoint))).toBe(true);
      expect(sameRemote(relayed(hop), record({ family: 6, port: 0, remote: [...hop, ...far] }))).toBe(false);
    });
  });
});
