/** Callers of a node that asks for cookies: each proves its address at once, and no reply makes it send more than one message. */
import { describe, expect, test } from 'vitest';
import { JoinInitiator } from '../../src/handshake/index.js';
import { generateNetworkSecret } from '../../src/index.js';
import type { SimHost } from '../../src/testing/index.js';
import { observeDatagrams, type SimNetwork, underneath } from '../../src/testing/sim-network.js';
import { partyOf } from '../unit/handshake/parties.js';
import { simulate } from './support/programs.js';

const HANDSHAKE = 1;
const COOKIE_REPLY = 2;
/** First messages in a second beyond which a node asks for cookies. */
const CALM_PER_SECOND = 256;
const DELAY_MS = 10;
/** The first pause of a caller, with its jitter: no second message goes out before it is over but one that answers a cookie. */
const FIRST_PAUSE_MS = 200;

/** Greetings from `stranger` until `server` asks for cookies. */
async function makeBusy(network: SimNetwork, stranger: SimHost, server: SimHost, secret: Uint8Array): Promise<void> {
  const { network: wires, machineOf } = underneath(network);
  const greeter = new JoinInitiator(await partyOf({ networkSecrets: [secret] }), 0x0100_0001);
  for (let count = 0; count <= CALM_PER_SECOND; count++) {
    wires.send(machineOf(stranger), { host: machineOf(server).publicAddress, port: 7_400 }, greeter.nextMessage().datagram, 0);
  }
  await network.clock.sleep(2 * DELAY_MS);
}

describe.each(['by id', 'by address'])('a call %s of a node that asks for cookies', (way) => {
  test('is answered after two round trips, for one message more', async () => {
    const network = simulate({ link: { delayMs: DELAY_MS } });
    await network.run(async () => {
      const [serverHost, clientHost] = [network.host('server'), network.host('client')];
      const secret = generateNetworkSecret();
      const server = await serverHost.start({ network: { secret } });
      const client = await clientHost.start({ network: { secret } });
      await makeBusy(network, network.host('stranger'), serverHost, secret);
      const seen: number[] = [];
      observeDatagrams(network, ({ what, from, to, bytes }) => {
        const isTheirs = [from, to].every((name) => name === clientHost.name || name === serverHost.name);
        if (what === 'sent' && isTheirs && (bytes[0] === HANDSHAKE || bytes[0] === COOKIE_REPLY)) seen.push(bytes[0]);
      });
      const calledMs = network.clock.nowMs();
      const target = way === 'by id' ? server.address : server.address.replace(`${server.id}@`, '');
      expect((await client.connect(target)).id).toBe(server.id);
      // A message 1, the cookie, the same with it, message 2; and message 3 of a join.
      expect(seen.slice(0, 4)).toEqual([HANDSHAKE, COOKIE_REPLY, HANDSHAKE, HANDSHAKE]);
      expect(seen.length).toBe(way === 'by id' ? 4 : 5);
      expect(network.clock.nowMs() - calledMs).toBeLessThan(FIRST_PAUSE_MS);
    });
  });
});
