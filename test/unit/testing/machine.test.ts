import { beforeEach, expect, test } from 'vitest';
import { type Machine, NODE_PORT } from '../../../src/testing/machine.js';
import { linkFaults } from '../../../src/testing/options.js';
import { VirtualNetwork } from '../../../src/testing/virtual-network.js';
import { VirtualTime } from '../../../src/testing/virtual-time.js';

let network: VirtualNetwork;
let machine: Machine;
let other: Machine;
/** What happened on `machine`, in its order. */
let happened: string[];

beforeEach(() => {
  network = new VirtualNetwork(new VirtualTime(), 'a machine', linkFaults('link', undefined));
  [machine, other] = [network.addMachine('one', 'none'), network.addMachine('other', 'none')];
  happened = [];
  machine.socket = {
    port: NODE_PORT,
    receive: (_from, datagram) => happened.push(`datagram ${datagram[0]}`),
    turn: () => happened.push('turn'),
  };
});

const send = (content: number): void => network.send(other, { host: machine.publicAddress, port: NODE_PORT }, Uint8Array.of(content), 0);

function runOut(): void {
  while (network.time.step());
}

test('a machine that runs again receives all that waited before it has a turn, and only then its timers fire', () => {
  const wakesAtMicros = network.time.nowMicros + 10_000;
  network.whenRunning(machine, wakesAtMicros, () => happened.push('on time'));
  network.freeze(machine, 10);
  network.whenRunning(machine, network.time.nowMicros + 5_000, () => happened.push('late'));
  for (const content of [1, 2, 3]) send(content);
  runOut();
  expect(happened.slice(0, 4)).toEqual(['datagram 1', 'datagram 2', 'datagram 3', 'turn']);
  expect(happened.slice(4).sort()).toEqual(['late', 'on time']);
  send(4);
  runOut();
  expect(happened.slice(6)).toEqual(['datagram 4', 'turn']);
});

test('a timer that was put off while the machine was stopped can be cancelled', () => {
  const timer = network.whenRunning(machine, network.time.nowMicros + 5_000, () => happened.push('fired'));
  network.freeze(machine, 10);
  network.time.step();
  timer.cancel();
  runOut();
  expect(happened).toEqual(['turn']);
});

test('a machine for which there is no other address keeps the one that it has', () => {
  expect(() => {
    for (;;) network.renumber(machine);
  }).toThrow(expect.objectContaining({ code: 'ERR_OSIER_INVALID_OPTION' }));
  send(1);
  runOut();
  expect(happened).toEqual(['datagram 1', 'turn']);
});
