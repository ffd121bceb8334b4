/** The module of shards that die, or are stuck, when the test says so. `data`: two numbers that the test shares. */

/** @type {import('../../../dist/index.js').ShardModule['register']} */
export const register = async (shard) => {
  const word = /** @type {Int32Array} */ (shard.data);
  if (word[0] === 9) await new Promise(() => {});
  const text = new TextEncoder();
  shard.handle('where', async (stream) => {
    await stream.write(text.encode(JSON.stringify({ index: shard.index })));
  });
  shard.handle('exit', async (stream) => {
    await stream.read(new Uint8Array(1));
    process.exit(3);
  });
  // Hears nothing more, and ends when it is told so.
  shard.handle('block', () => {
    Atomics.store(word, 0, 1);
    Atomics.wait(word, 0, 1);
    process.exit(3);
  });
  shard.handle('spin', () => {
    Atomics.store(word, 0, 1);
    for (;;);
  });
  // Ends so many turns after its stream.
  shard.handle('linger', async (stream) => {
    await stream.closed;
    for (let turns = word[1] ?? 0; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    process.exit(3);
  });
};
