import { expect, test } from 'vitest';
import { generateIdentity, type Peer } from '../../src/index.js';
import { SimNetwork } from '../../src/testing/index.js';

test('a node that is revoked loses its session within one way of its peer, and comes back under the id that succeeds it', async () => {
  await using net = new SimNetwork({ link: { delayMs: 10 } });
  const [identity, successor] = [await generateIdentity(), await generateIdentity()];
  await net.run(async () => {
    const [host, other] = [net.host('host'), net.host('other')];
    const [old, node] = [await host.start({ identity }), await other.start()];
    const known = new Promise<Peer>((resolve) => old.once('peer', resolve));
    const peer = await node.connect(old.address);
    const far = await known;
    const lost = new Promise((resolve) => far.on('path', ({ cause }) => resolve(cause)));
    const beganMs = net.clock.nowMs();
    await node.reload({ statements: [identity.succeedBy(successor.id)] });
    expect(await lost).toMatchObject({ kind: 'disconnected', error: { details: { by: 'remote', closeCode: 'revoked' } } });
    expect(net.clock.nowMs() - beganMs).toBeLessThan(20);
    expect(peer.state).toMatchObject({ status: 'closed', error: { code: 'ERR_OSIER_REVOKED' } });
    await expect(old.connect(node.address)).rejects.toMatchObject({ code: 'ERR_OSIER_REFUSED' });
    await old.close();
    const next = await host.start({ identity: successor });
    expect((await node.connect(next.address)).id).toBe(successor.id);
    expect((await next.connect(node.address)).id).toBe(node.id);
  });
});
