// What every shard of sharded-server.mjs loads: a copy of its own, which shares no variables with the others.

/** @type {import('osier').ShardModule['register']} */
export const register = (shard) => {
  let served = 0;
  shard.handle('count', { kind: 'messages' }, async (stream) => {
    for await (const _ of stream) {
      served++;
      await stream.send(new TextEncoder().encode(`${shard.data.greeting} by shard ${shard.index}, which has answered ${served}`));
    }
  });
};
