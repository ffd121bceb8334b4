import { expect, test } from 'vitest';
import { KnownHosts } from '../../../src/peer/known-hosts.js';

const host = (name: string): { host: string; port: number } => ({ host: name, port: 1 });

test('hosts are tried from the newest to the oldest, the last one seen after those given last', () => {
  const known = new KnownHosts();
  known.add([host('old')]);
  known.saw(host('seen'));
  known.add([host('new'), host('newer'), host('new')]);
  known.add([]);
  expect(known.all.map((each) => each.host)).toEqual(['new', 'newer', 'seen', 'old']);
  known.saw(host('old'));
  expect(known.all.map((each) => each.host)).toEqual(['new', 'newer', 'old']);
});

test('of very many hosts the oldest are forgotten', () => {
  const known = new KnownHosts();
  for (let number = 0; number < 100; number++) known.add([host(`host${number}`)]);
  expect(known.all).toHaveLength(16);
  expect(known.all[0]).toEqual(host('host99'));
});

test('a connected peer is asked first where it was seen last', () => {
  const hosts = new KnownHosts();
  hosts.add([{ host: 'given.example', port: 1 }]);
  expect(hosts.seenFirst.map(({ host }) => host)).toEqual(['given.example']);
  hosts.saw({ host: 'seen.example', port: 2 });
  expect(hosts.all.map(({ host }) => host)).toEqual(['given.example', 'seen.example']);
  expect(hosts.seenFirst.map(({ host }) => host)).toEqual(['seen.example', 'given.example']);
});
