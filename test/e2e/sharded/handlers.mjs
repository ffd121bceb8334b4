/** The module that every shard of the tests here loads. `data` says what else it is to do. */

/** @type {import('../../../dist/index.js').ShardModule['register']} */
export const register = async (shard) => {
  const data = /** @type {{ readonly fail?: string; readonly spans?: boolean; readonly gate?: Int32Array }} */ (shard.data ?? {});
  if (data.fail === 'throw') throw new RangeError('the module does not like it here');
  if (data.fail === 'exit') process.exit(9);
  if (data.gate) {
    // How many came here, and whether they go on.
    Atomics.add(data.gate, 0, 1);
    while (Atomics.load(data.gate, 1) === 0) await new Promise((/** @type {(value: void) => void} */ resolve) => setImmediate(resolve));
  }
  if (data.spans) {
    shard.setTracing({
      opening: () => () => {},
      handling: async (_info, metadata, run) => {
        spans.push(metadata.trace ?? 'none');
        await run();
      },
    });
  }
  /** @type {string[]} */
  const spans = [];
  const text = new TextEncoder();
  shard.handle('where', async (stream) => {
    await stream.write(text.encode(JSON.stringify({ index: shard.index, id: shard.id, data, spans, connected: shard.stats().peersConnected })));
  });
  shard.handle('echo', async (stream) => {
    for await (const batch of stream) for (const chunk of batch) await stream.write(chunk);
  });
  shard.handle('count', { kind: 'messages' }, async (stream) => {
    let count = 0;
    for await (const _ of stream) await stream.send(text.encode(String(++count)));
  });
  shard.handle('exit', () => void setImmediate(() => process.exit(3)));
  shard.handle('throw', () => {
    setImmediate(() => {
      throw new TypeError('thrown in a shard');
    });
  });
  shard.handle('handle-again', async (stream, { metadata }) => {
    try {
      const registration = shard.handle(metadata.protocol ?? '', () => {});
      await stream.write(text.encode(`handles ${registration.protocol}`));
      await registration.close();
    } catch (error) {
      await stream.write(text.encode(/** @type {{ code: string }} */ (error).code));
    }
  });
};
