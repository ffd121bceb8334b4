import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { echo, HANDLERS, start } from './support.js';

const PROGRAM = fileURLToPath(new URL('./closing.mjs', import.meta.url));

/** Runs a scenario of closing.mjs to its end. A crash is a signal, a hang a time-out. */
const run = (scenario: string) => runNode([PROGRAM, scenario]);

function runNode(args: readonly string[]): Promise<{ code: unknown; signal: unknown; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { timeout: 60_000 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, signal: child.signalCode, output: stdout + stderr });
    });
  });
}

test('closing in mid-traffic ends every stream with an error, here and there', async () => {
  expect(await run('close')).toEqual({ code: 0, signal: null, output: '' });
});

test('the process may exit in mid-traffic', async () => {
  for (let round = 0; round < 4; round++) expect(await run('exit')).toEqual({ code: 7, signal: null, output: '' });
});

test('a worker with a node of shards may be terminated in mid-traffic', async () => {
  expect(await run('terminate')).toEqual({ code: 0, signal: null, output: '' });
});

test('an exception on the main thread ends the process as any other, in mid-traffic', async () => {
  const { code, signal, output } = await run('throw');
  expect([code, signal]).toEqual([1, null]);
  expect(output).toContain('thrown on the main thread');
});

test('nothing of a closed node keeps the process alive', async () => {
  expect(await run('idle')).toEqual({ code: 0, signal: null, output: '' });
});

test('a program on the command line may have shards', async () => {
  const program = `
    import { generateIdentity, generateNetworkSecret, MeshNode } from ${JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)};
    const network = { secret: generateNetworkSecret() };
    const node = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0', shards: 1 });
    await node.close();`;
  expect(await runNode(['--input-type=module', '--eval', program])).toEqual({ code: 0, signal: null, output: '' });
});

test('a close waits for streams that end, in the shards and on the main thread', async () => {
  const server = await start({ shards: 2, handlers: HANDLERS });
  server.handle('main', async (stream, { draining }) => {
    await new Promise((resolve) => draining.addEventListener('abort', resolve));
    await stream.write(new Uint8Array(300_000).fill(1));
  });
  const peer = await (await start()).connect(server.address);
  const [held, served] = [await peer.openStream('main'), await peer.openStream('echo')];
  await echo(served, new Uint8Array(1_000).fill(2));
  await held.end();
  const reading = (async () => {
    let count = 0;
    for await (const batch of held) for (const chunk of batch) count += chunk.length;
    return count;
  })();
  const closing = server.close();
  await echo(served, new Uint8Array(200_000).fill(3));
  void served.end();
  expect(await closing).toEqual({ status: 'drained' });
  expect(await reading).toBe(300_000);
  expect(await served.closed).toEqual({ status: 'finished' });
});
