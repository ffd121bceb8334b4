/** What a worker thread runs that is a shard. */
import '../engine/dispose-symbols.js';
import { parentPort, workerData } from 'node:worker_threads';
import { textOf } from '../errors/text-of.js';
import type { ShardBoot } from './boot.js';
import { encodeError } from './error-codec.js';
import type { FromShard, ToShard } from './protocol.js';
import { HandlersContext, loadHandlers } from './shard-context.js';
import { ShardHost, type ShardPort } from './shard-host.js';
import { shardRuntime } from './shard-runtime.js';

await run(workerData as ShardBoot);

async function run(boot: ShardBoot): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('a shard is run by a worker thread');
  let host: ShardHost | null = null;
  try {
    const toMain = { postMessage: port.postMessage.bind(port) as ShardPort['postMessage'], close: () => port.close() };
    const started = await ShardHost.start(boot, shardRuntime(boot), toMain);
    host = started;
    started.onBound();
    port.on('message', (entries: readonly ToShard[]) => started.hear(entries));
    if (boot.handlers !== null) await loadHandlers(boot.handlers, new HandlersContext(started, boot.index, boot.shardData));
    started.onReady();
  } catch (cause) {
    await host?.core.close({ timeoutMs: 0 });
    const error = encodeError(cause instanceof Error ? cause : new Error(textOf(cause), { cause }));
    port.postMessage([{ op: 'notStarted', error, byModule: host !== null }] satisfies FromShard[]);
    port.close();
  }
}
