import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ENGINE_COUNTERS } from '../../src/engine/engine.js';
import { EventKind } from '../../src/engine/events.js';
import { CREDIT, connectedPair, key, Recorder } from './support/engines.js';

/** More than the errors in a row after which a socket that reports nothing but errors counts as dead. */
const MANY = 300;

const LOOPBACKS = [
  ['IPv4', '127.0.0.1', '127.0.0.1'],
  ['IPv6', '::1', '::1'],
  ['IPv4 on a socket of both families', '::', '127.0.0.1'],
] as const;

/** A port of the loopback that nobody listens on. */
async function closedPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

function statsOf({ engine }: Recorder): { readonly sent: bigint; readonly received: bigint; readonly reportsHeeded: bigint } {
  const into = new BigUint64Array(ENGINE_COUNTERS);
  engine.stats(into);
  return { sent: into[0] ?? 0n, received: into[1] ?? 0n, reportsHeeded: into[10] ?? 0n };
}

describe.each(LOOPBACKS)('over %s', (_family, bound, host) => {
  it('a peer whose port is closed is asked at once, and is not given up for it', async () => {
    const recorder = new Recorder();
    const { engine } = recorder;
    engine.bind(bound, 0);
    const association = engine.createAssociation({ parity: 0, ...CREDIT });
    const path = engine.pathTo(host, await closedPort());
    const keys = { sendKey: key(1), receiveKey: key(2), firstSend: 0n, firstReceive: 0n };
    const localIndex = engine.reserveIndex(key(9));
    engine.installSession(association, { localIndex, remoteIndex: 7, cipher: 0, ...keys, path, begunHere: true, confirmed: true, preferred: true });
    engine.flush();
    while (statsOf(recorder).reportsHeeded === 0n) await setTimeout(1);
    // The packet that was refused, and what went out in the turn that heard so: a probe time-out comes later, and changes nothing about reports.
    expect(statsOf(recorder).sent).toBeGreaterThanOrEqual(2n);
    while (statsOf(recorder).sent < 4n) await setTimeout(1);
    const { sent, reportsHeeded } = statsOf(recorder);
    // Each packet is refused; few of these reports lead to another packet.
    expect(reportsHeeded).toBeLessThan(sent - 1n);
    expect(recorder.happened).toEqual([]);
    expect(engine.associationPath(association)).not.toBeNull();
  });

  it(`${MANY} refused datagrams in a row leave a socket alive`, async () => {
    const { first } = connectedPair(bound, host);
    const nobody = first.engine.pathTo(host, await closedPort());
    for (let refused = 0; refused < MANY; refused++) {
      first.engine.sendDatagram(nobody, new Uint8Array(40));
      first.engine.flush();
      // The report wakes the loop in a turn of its own.
      await setTimeout(0);
    }
    first.engine.ping(first.association, 1);
    first.engine.flush();
    await first.recorder.next(EventKind.pong);
    expect(first.recorder.happened).toEqual([]);
  });
});
