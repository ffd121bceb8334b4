import { expect, test } from 'vitest';
import type { PathChange } from '../../src/index.js';
import { patternBytes, sameBytes } from '../scenario/support/nodes.js';
import { directRemote } from '../support/direct-remote.js';
import { connectTwo, echoed, simulate } from './support/programs.js';

test.each([0, 1])('a transfer goes on, and tells of it, when host %s has another address in its middle', async (mover) => {
  const network = simulate({ link: { delayMs: 20, bytesPerSecond: 2_000_000 } });
  await network.run(async () => {
    const { server, client, peer, hosts } = await connectTwo(network);
    // The responder is connected with the first packet under the new keys.
    await network.clock.sleep(100);
    const serversPeer = server.peers.get(client.id);
    const heard: PathChange[] = [];
    const watcher = mover === 0 ? peer : serversPeer;
    watcher?.on('path', (change) => heard.push(change));
    const states: string[] = [];
    for (const end of [peer, serversPeer]) end?.on('state', ({ status }) => states.push(status));

    const sent = patternBytes(2 ** 20);
    const echo = echoed(peer, sent);
    await network.clock.sleep(200);
    hosts[mover]?.renumber();
    expect(sameBytes(await echo, sent)).toBe(true);

    expect(states).toEqual([]);
    expect(heard.map(({ cause }) => cause)).toEqual([{ kind: 'roamed', end: 'remote' }]);
    expect(watcher?.path).toEqual(heard[0]?.to);
    expect(directRemote(heard[0]?.from)?.host).not.toBe(directRemote(heard[0]?.to)?.host);
  });
});
