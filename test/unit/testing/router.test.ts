import { expect, test } from 'vitest';
import { Router } from '../../../src/testing/router.js';

const ONE = { host: '10.0.0.1', port: 7400 };
const OTHER = { host: '10.0.0.2', port: 7400 };

test("'cone' has one mapping for all, open to those sent to", () => {
  const router = new Router('cone', '10.0.0.9');
  const outside = router.outward(7400, ONE);
  expect(outside?.host).toBe('10.0.0.9');
  const port = outside?.port ?? 0;
  expect(router.inward(port, ONE)).toBe(7400);
  expect(router.inward(port, OTHER)).toBeNull();
  expect(router.inward(port, { ...ONE, port: 7401 })).toBeNull();
  expect(router.outward(7400, OTHER)).toEqual(outside);
  expect(router.inward(port, OTHER)).toBe(7400);
  expect(router.inward(7400, ONE)).toBeNull();
});

test("'symmetric' has one mapping per destination", () => {
  const router = new Router('symmetric', '10.0.0.9');
  const [first, second] = [router.outward(7400, ONE), router.outward(7400, OTHER)];
  expect(first?.port).not.toBe(second?.port);
  expect(router.outward(7400, ONE)).toEqual(first);
  expect(router.inward(first?.port ?? 0, OTHER)).toBeNull();
  expect(router.inward(second?.port ?? 0, OTHER)).toBe(7400);
});

test("'udp-blocked' lets nothing out or in", () => {
  const router = new Router('udp-blocked', '10.0.0.9');
  expect(router.outward(7400, ONE)).toBeNull();
  expect(router.inward(20_000, ONE)).toBeNull();
});

test('another address takes the mappings with it', () => {
  const router = new Router('cone', '10.0.0.9');
  const before = router.outward(7400, ONE);
  router.renumber('10.0.0.10');
  expect(router.inward(before?.port ?? 0, ONE)).toBeNull();
  const after = router.outward(7400, ONE);
  expect(after?.host).toBe('10.0.0.10');
  expect(after?.port).not.toBe(before?.port);
});

test('when all ports are taken the oldest mapping gives way', () => {
  const router = new Router('symmetric', '10.0.0.9');
  const portTo = (number: number): number => router.outward(7400, { host: '10.0.0.1', port: number })?.port ?? 0;
  const first = portTo(1);
  const ports = 65_536 - first;
  for (let number = 2; number <= ports; number++) expect(portTo(number)).toBe(first + number - 1);
  expect(router.inward(first, { host: '10.0.0.1', port: 1 })).toBe(7400);
  expect(portTo(ports + 1)).toBe(first);
  expect(router.inward(first, { host: '10.0.0.1', port: 1 })).toBeNull();
  expect(router.inward(first, { host: '10.0.0.1', port: ports + 1 })).toBe(7400);
  expect(portTo(1)).toBe(first + 1);
});
