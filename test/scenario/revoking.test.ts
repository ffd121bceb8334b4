import { describe, expect, test } from 'vitest';
import { formatAddress, generateIdentity, generateNetworkSecret, type MeshNode, type OsierError, type Peer, parseAddress } from '../../src/index.js';
import { nextEvent, startNode } from './support/nodes.js';

const placeOf = (node: MeshNode): string => formatAddress({ id: null, hosts: parseAddress(node.address).hosts });

/** A node whose key is at hand, another one, and an id that takes over. */
async function startRevocable() {
  const network = { secret: generateNetworkSecret() };
  const [identity, successor] = [await generateIdentity(), await generateIdentity()];
  const old = await startNode({ network, identity });
  const node = await startNode({ network });
  return { network, identity, successor, old, node };
}

/** Resolves with the error of the state in which `peer` is closed. */
function closedBy(peer: Peer): Promise<OsierError | null> {
  return new Promise((resolve) => peer.on('state', (state) => state.status === 'closed' && resolve(state.error)));
}

describe('a reload with statements', () => {
  test('ends the association with a revoked id at once, tells the node there why, and every call for it fails with the successor', async () => {
    const { identity, successor, old, node } = await startRevocable();
    const farClosed = new Promise((resolve) => {
      old.handle('wait', async (far) => resolve(await far.closed));
    });
    const known = nextEvent(old, 'peer');
    const peer = await node.connect(old.address);
    const [far] = (await known) as [Peer];
    const stream = await peer.openStream('wait');
    const lost = new Promise<OsierError | null>((resolve) =>
      far.on('path', ({ to, cause }) => to === null && cause.kind === 'disconnected' && resolve(cause.error)),
    );
    await stream.write(Uint8Array.of(1));
    await stream.flush();
    const closed = closedBy(peer);
    await node.reload({ statements: [identity.succeedBy(successor.id)] });
    const details = { id: old.id, successor: successor.id };
    expect(await closed).toMatchObject({ code: 'ERR_OSIER_REVOKED', details });
    expect(await stream.closed).toMatchObject({ status: 'failed', error: { code: 'ERR_OSIER_REVOKED', details } });
    expect(await lost).toMatchObject({ code: 'ERR_OSIER_PEER_CLOSED', details: { by: 'remote', closeCode: 'revoked' } });
    expect(await farClosed).toMatchObject({ error: { code: 'ERR_OSIER_PEER_CLOSED', details: { closeCode: 'revoked' } } });
    for (const target of [old.address, old.id]) {
      await expect(node.connect(target)).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED', details });
    }
    await expect(peer.openStream('wait')).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED', details });
    await expect(peer.ping()).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED', details });
    expect(node.peers.has(old.id)).toBe(false);
    await node.reload({ statements: [identity.revoke()] });
    await expect(node.connect(old.id)).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED', details: { id: old.id, successor: null } });
  });

  test('refuses a revoked caller, by its id and by address, without asking whether it is admitted', async () => {
    const asked: string[] = [];
    const { identity, old, network } = await startRevocable();
    const server = await startNode({ network, accept: ({ id }) => asked.push(id) > 0 });
    await server.reload({ statements: [identity.revoke()] });
    await expect(old.connect(server.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'policy' } });
    await expect(old.connect(placeOf(server))).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED', details: { why: 'policy' } });
    expect([asked, server.peers.size]).toEqual([[], 0]);
    const other = await startNode({ network });
    await other.connect(server.address);
    expect(asked).toEqual([other.id]);
  });

  test('refuses a caller that is revoked while the policy thinks about it', async () => {
    const { identity, old, network } = await startRevocable();
    let admit: (admitted: boolean) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      admit = () => resolve();
    });
    let answer: (admitted: boolean) => void = () => {};
    const server = await startNode({
      network,
      accept: () => {
        admit(true);
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    const calling = expect(old.connect(server.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
    await asked;
    await server.reload({ statements: [identity.revoke()] });
    answer(true);
    await calling;
    expect(server.peers.size).toBe(0);
  });

  test('does not take a node for the one at an address whose id is revoked', async () => {
    const { identity, old, node } = await startRevocable();
    await node.reload({ statements: [identity.revoke()] });
    await expect(node.connect(placeOf(old))).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED', details: { id: old.id, successor: null } });
  });

  test('fails a call that is under way', async () => {
    const { identity, node } = await startRevocable();
    const silent = `osier://${identity.id}@127.0.0.1:9`;
    const calling = expect(node.connect(silent, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'ERR_OSIER_REVOKED' });
    await node.reload({ statements: [identity.revoke()] });
    await calling;
  });

  test('lets go a peer that is kept connected, and says so', async () => {
    const { identity, old, network } = await startRevocable();
    const node = await startNode({ network, peers: [old.address] });
    if (node.peers.size === 0) await nextEvent(node, 'peer');
    const warned = nextEvent(node, 'warning');
    await node.reload({ statements: [identity.revoke()] });
    expect(await warned).toMatchObject([{ code: 'ERR_OSIER_REVOKED', details: { id: old.id } }]);
    expect(node.peers.size).toBe(0);
    await node.reload({ peers: [] });
    const again = nextEvent(node, 'warning');
    await node.reload({ peers: [old.address] });
    expect(await again).toMatchObject([{ code: 'ERR_OSIER_REVOKED', details: { id: old.id } }]);
  });

  test('takes all of them or, when one is bad or anything else is, none', async () => {
    const { identity, old, node } = await startRevocable();
    const forged = identity.revoke();
    forged[50] = (forged[50] ?? 0) ^ 1;
    const reload = node.reload({ statements: [identity.revoke(), forged] });
    await expect(reload).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_STATEMENT', details: { index: 1 } });
    await expect(node.reload({ statements: [identity.revoke()], peers: ['nonsense'] })).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_ADDRESS' });
    const bad = { statements: [forged], network: { secret: generateNetworkSecret() } };
    await expect(node.reload(bad)).rejects.toMatchObject({ code: 'ERR_OSIER_BAD_STATEMENT', details: { index: 0 } });
    expect((await node.connect(old.address)).id).toBe(old.id);
  });

  test('warns a node of its own revocation, once', async () => {
    const { identity, old } = await startRevocable();
    const warnings: OsierError[] = [];
    old.on('warning', (error) => warnings.push(error));
    await old.reload({ statements: [identity.revoke()] });
    await old.reload({ statements: [identity.revoke()] });
    await expect.poll(() => warnings.map(({ code }) => code)).toEqual(['ERR_OSIER_REVOKED']);
  });
});
