import { expect, test } from 'vitest';
import { generateIdentity, generateNetworkSecret } from '../../src/index.js';
import { nextEvent, startNode } from './support/nodes.js';

test('two running nodes of one identity that take turns are told to the operator', async () => {
  const network = { secret: generateNetworkSecret() };
  const identity = await generateIdentity();
  const server = await startNode({ network });
  const twins = [await startNode({ network, identity }), await startNode({ network, identity })];
  const warned = nextEvent(server, 'warning');
  for (const twin of [...twins, ...twins]) {
    const peer = await twin.connect(server.address);
    await peer.ping();
    await peer.close({ timeoutMs: 0 });
  }
  expect(await warned).toMatchObject([{ code: 'ERR_OSIER_DUPLICATE_IDENTITY', details: { id: identity.id } }]);
});
