import { expect, test } from 'vitest';
import { generateIdentity, generateNetworkSecret, MeshNode } from '../../../dist/index.js';
import { formatNetworkSecret } from '../../../src/identity/index.js';
import { errorOf, osier } from './osier-command.js';

test('routes and trace show the mesh from where they come in', async () => {
  const secret = generateNetworkSecret();
  const network = { secret };
  const listen = ['udp://127.0.0.1:0', 'udp://[::1]:0'];
  await using relay = await MeshNode.create({ identity: await generateIdentity(), network, listen, relay: {} });
  await using far = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://[::1]:0', peers: [relay.address] });
  await far.connect(relay.address);
  const text = formatNetworkSecret(secret);

  const routes = await osier(['routes', '--json', '--settle-ms', '300', relay.address], text);
  expect(routes).toMatchObject({ exitCode: 0, stderr: '' });
  const lines = routes.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual(expect.objectContaining({ event: 'route', id: relay.id, nextHop: relay.id }));
  expect(lines).toContainEqual(expect.objectContaining({ event: 'route', id: far.id, nextHop: relay.id, backup: null }));

  const trace = await osier(['trace', '--json', relay.address, far.id], text);
  expect(trace).toMatchObject({ exitCode: 0, stderr: '' });
  const traced = JSON.parse(trace.stdout);
  expect(traced).toMatchObject({ event: 'trace', status: 'complete' });
  // The command may find that it can reach the node directly.
  expect(traced.hops.at(-1)).toMatchObject({ id: far.id });

  const person = await osier(['trace', relay.address, far.id], text);
  expect(person.stdout).toContain(`${traced.hops.length}  ${far.id}  `);
  const stranger = (await generateIdentity()).id;
  const nobody = await osier(['trace', '--json', '--timeout-ms', '1000', relay.address, stranger], text);
  expect(nobody.exitCode).toBe(4);
  expect(errorOf(nobody)).toMatchObject({ code: 'ERR_OSIER_UNREACHABLE' });
});
