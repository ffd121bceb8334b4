import { expect, test } from 'vitest';
import { type MeshNode, OsierError, type Peer } from '../../src/index.js';
import type { SimHost, SimNetwork } from '../../src/testing/index.js';
import { SeededRandom } from '../../src/testing/seeded-random.js';
import { patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { serveEcho, simulate, traceOf } from './support/programs.js';

const NODES = 20;
const TRANSFERS = 60;
const FAULT_ROUNDS = 30;

/** What became of the transfers. */
interface Tally {
  whole: number;
  readonly failures: Record<string, number>;
}

interface Place {
  readonly host: SimHost;
  node: MeshNode;
}

async function startAll(network: SimNetwork): Promise<Place[]> {
  const places: Place[] = [];
  for (let number = 0; number < NODES; number++) {
    const host = network.host(`host ${number}`);
    places.push({ host, node: await startOne(host) });
  }
  return places;
}

async function startOne(host: SimHost): Promise<MeshNode> {
  const node = await host.start({ peerLostAfterMs: 5_000 });
  serveEcho(node);
  return node;
}

/** Sends bytes to another node and checks what comes back; an error must be one that says so. */
async function transfer(from: MeshNode, to: MeshNode, number: number, tally: Tally): Promise<void> {
  const sent = patternBytes(5_000 + 500 * number, number);
  try {
    const peer: Peer = await from.connect(to.address, { timeoutMs: 20_000 });
    const stream = await peer.openStream('echo', { timeoutMs: 20_000 });
    const sending = stream.write(sent).then(() => stream.end());
    sending.catch(() => {});
    const chunks: Uint8Array[] = [];
    for await (const batch of stream) chunks.push(...batch);
    expect(sameBytes(Buffer.concat(chunks), sent)).toBe(true);
    tally.whole++;
  } catch (error) {
    if (!OsierError.is(error)) throw error;
    tally.failures[error.code] = (tally.failures[error.code] ?? 0) + 1;
  }
}

/** Something goes wrong somewhere, and is put right later. */
async function makeTrouble(network: SimNetwork, places: readonly Place[], random: SeededRandom): Promise<void> {
  const pick = (): Place => places[random.below(places.length)] as Place;
  for (let round = 0; round < FAULT_ROUNDS; round++) {
    await network.clock.sleep(200 + random.below(800));
    const [one, other] = [pick(), pick()];
    switch (random.below(4)) {
      case 0:
        network.partition(
          [one.host],
          places.filter((place) => place !== one).map(({ host }) => host),
        );
        break;
      case 1:
        one.host.freeze(random.below(3_000));
        break;
      case 2:
        one.host.crash();
        one.node = await startOne(one.host);
        break;
      default:
        if (one !== other) network.setLink(one.host, other.host, { lossRate: random.next() * 0.3, delayMs: random.below(200) });
    }
    if (random.chance(0.5)) network.heal();
  }
  network.heal();
}

async function troubledRun(seed: string) {
  const network = simulate({ seed, link: { delayMs: 10, jitterMs: 5, lossRate: 0.02, duplicateRate: 0.01, reorderRate: 0.02, corruptRate: 0.01 } });
  const random = new SeededRandom(seed, 'trouble');
  const trace = traceOf(network);
  const tally: Tally = { whole: 0, failures: {} };
  await network.run(async () => {
    const places = await startAll(network);
    const transfers: Promise<void>[] = [];
    const trouble = makeTrouble(network, places, random);
    for (let number = 0; number < TRANSFERS; number++) {
      const from = random.below(NODES);
      const to = (from + 1 + random.below(NODES - 1)) % NODES;
      transfers.push(transfer((places[from] as Place).node, (places[to] as Place).node, number, tally));
      await network.clock.sleep(random.below(500));
    }
    await Promise.all([trouble, ...transfers]);
    // With all healed, everybody reaches everybody. Who has not spoken to a peer since it was killed finds that out by the first try.
    const toNeighbours = async (round: Tally): Promise<Tally> => {
      await Promise.all(places.map(({ node }, at) => transfer(node, (places[(at + 7) % NODES] as Place).node, at, round)));
      return round;
    };
    const { failures } = await toNeighbours({ whole: 0, failures: {} });
    expect(Object.keys(failures).filter((code) => code !== 'ERR_OSIER_PEER_RESTARTED')).toEqual([]);
    expect(await toNeighbours({ whole: 0, failures: {} })).toEqual({ whole: NODES, failures: {} });
  });
  return { tally, ...trace() };
}

test('20 nodes under random faults: every transfer is whole or says why not, and all is well afterwards', async () => {
  for (const seed of ['0', '1', '2']) {
    const { tally } = await troubledRun(seed);
    const failed = Object.values(tally.failures).reduce((sum, count) => sum + count, 0);
    expect(tally.whole + failed).toBe(TRANSFERS);
    expect(tally.whole, JSON.stringify(tally)).toBeGreaterThan(TRANSFERS / 2);
  }
});

test('20 nodes under random faults do the same again for the same seed', async () => {
  expect(await troubledRun('again')).toEqual(await troubledRun('again'));
});
