/** Every way in which connecting fails today, and what program 8 says to a person about it. */
import assert from 'node:assert/strict';
import { generateIdentity, generateNetworkSecret, type MeshNode } from 'osier';
import { type SimHost, SimNetwork } from 'osier/testing';
import { explainConnect } from '../types/api-usage.js';

/** A node that calls, at a host of its own. */
type Place = (name: string) => SimHost;
/** What is done, and what is said of it. */
type Case = (place: Place, caller: MeshNode) => Promise<readonly [said: string, wanted: string]>;

const placeOf = (node: MeshNode): string => node.address.replace(`${node.id}@`, '');

const CASES: Readonly<Record<string, Case>> = {
  'it works': async (place, caller) => {
    const node = await place('node').start();
    return [await explainConnect(caller, node.address), `connected to ${node.id}`];
  },
  'a bad id': async (_place, caller) => {
    const id = 'a'.repeat(52);
    return [await explainConnect(caller, `osier://${id}@10.0.0.1:7400`), `check the spelling of ${id}`];
  },
  'a bad address': async (_place, caller) => [await explainConnect(caller, 'somewhere'), 'check the spelling of somewhere'],
  'no such name': async (_place, caller) => {
    const { id } = await generateIdentity();
    return [await explainConnect(caller, `osier://${id}@nowhere:7400`), 'no DNS entry for nowhere'];
  },
  'an id that nobody knows': async (_place, caller) => {
    const { id } = await generateIdentity();
    return [await explainConnect(caller, id), `nobody knows a way to ${id}`];
  },
  'another network secret': async (place, caller) => {
    const node = await place('stranger').start({ network: { secret: generateNetworkSecret() } });
    return [await explainConnect(caller, node.address), 'no answer: down, blocked, or another network secret'];
  },
  'no cipher in common': async (place, caller) => {
    const node = await place('other cipher').start({ cipher: 'aes-256-gcm' });
    return [await explainConnect(caller, node.address), 'update one side: no common cipher'];
  },
  'another node at a pinned address': async (place, caller) => {
    const host = place('changing');
    const before = await host.start();
    assert.equal(await explainConnect(caller, placeOf(before)), `connected to ${before.id}`);
    const left = new Promise((resolve) => caller.peers.get(before.id)?.once('state', resolve));
    await before.close({ timeoutMs: 0 });
    await left;
    const after = await host.start({ identity: await generateIdentity() });
    return [await explainConnect(caller, placeOf(after)), `expected ${before.id}, found ${after.id}`];
  },
  'a policy that says no': async (place, caller) => {
    const node = await place('private').start({ accept: () => false });
    return [await explainConnect(caller, node.address), 'not admitted'];
  },
  'a full node': async (place, caller) => {
    const node = await place('full').start({ limits: { peers: 1 } });
    await (await place('first').start()).connect(node.address);
    return [await explainConnect(caller, node.address), 'full or going down: try again later'];
  },
  'a limit of its own': async (place) => {
    const small = await place('small').start({ limits: { peers: 1 } });
    await small.connect((await place('one').start()).address);
    return [await explainConnect(small, (await place('two').start()).address), 'raise limits.peers'];
  },
  'a closed node': async (place) => {
    const [closed, node] = [await place('closed').start(), await place('open').start()];
    await closed.close();
    return [await explainConnect(closed, node.address), 'The node is closed.'];
  },
};

/** Throws when anything else is said. */
export async function explainFailures(): Promise<void> {
  for (const [name, run] of Object.entries(CASES)) {
    await using network = new SimNetwork({ link: { delayMs: 10 } });
    await network.run(async () => {
      const caller = await network.host('caller').start({ cipher: 'chacha20-poly1305' });
      const [said, wanted] = await run((host) => network.host(host), caller);
      assert.equal(said, wanted, name);
    });
  }
}
