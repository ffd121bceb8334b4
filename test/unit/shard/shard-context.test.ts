/** What a module of handlers does, without a thread. */
import { expect, test } from 'vitest';
import type { HandleOptions, Handler, StreamKind } from '../../../src/api/streams.js';
import { HandlerTable } from '../../../src/node/handler-table.js';
import type { FromShard } from '../../../src/shard/protocol.js';
import { HandlersContext } from '../../../src/shard/shard-context.js';
import type { ShardHost } from '../../../src/shard/shard-host.js';
import { ManualRuntime } from '../support/manual-runtime.js';

test('a registration that is closed once more says nothing of a later one', async () => {
  const table = new HandlerTable(new ManualRuntime());
  const told: FromShard[] = [];
  const host = {
    core: { handle: (protocol: string, options: HandleOptions<StreamKind>, handler: Handler<never>) => table.add(protocol, options, handler) },
    handledElsewhere: new Set<string>(),
    tell: (entry: FromShard) => void told.push(entry),
  } as unknown as ShardHost;
  const context = new HandlersContext(host, 0, null);
  const first = context.handle('x', () => {});
  await Promise.all([first.close(), first.close()]);
  const second = context.handle('x', () => {});
  await first[Symbol.asyncDispose]();
  const words = (): unknown[] => told.map((entry) => entry.op === 'handled' && entry.handled);
  expect(words()).toEqual([true, false, true]);
  await second.close();
  expect(words()).toEqual([true, false, true, false]);
});
