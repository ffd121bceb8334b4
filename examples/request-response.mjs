// Request and response by hand: many requests over one stream, told apart by a length before each message. Answers come in the order of the requests.
import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';

/** No message of the other end may be larger. */
const MESSAGE_BYTES_MAX = 65_536;

const network = { secret: generateNetworkSecret() };
const server = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
const client = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });

server.handle('sum', async (stream) => {
  for await (const { numbers } of messages(stream)) {
    await send(stream, { sum: numbers.reduce((a, b) => a + b, 0) });
  }
});

const peer = await client.connect(server.address);
const stream = await peer.openStream('sum');
const answers = messages(stream);

/** Sends one request and waits for its answer. */
async function request(numbers) {
  await send(stream, { numbers });
  const { value } = await answers.next();
  return value.sum;
}

console.log(`1 + 2 + 3 = ${await request([1, 2, 3])}`);
console.log(`40 + 2 = ${await request([40, 2])}`);
// Several at once: they are sent one after the other and answered in that order.
console.log(`at once: ${(await Promise.all([[1], [2, 2], [3, 3, 3]].map(request))).join(', ')}`);

void stream.end();
await Promise.all([client.close(), server.close()]);

/** Writes a message: its length (u32, little-endian), then JSON. In one write, so that messages of two callers never mix. */
async function send(stream, message) {
  const json = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  await stream.write(Buffer.concat([length, json]));
}

/** Reads what {@link send} writes, until the other end has ended. */
async function* messages(stream) {
  let rest = Buffer.alloc(0);
  for await (const batch of stream) {
    rest = Buffer.concat([rest, ...batch]);
    while (rest.length >= 4) {
      const length = rest.readUInt32LE();
      if (length > MESSAGE_BYTES_MAX) throw new Error(`a message of ${length} bytes is too large`);
      if (rest.length < 4 + length) break;
      yield JSON.parse(rest.subarray(4, 4 + length).toString());
      rest = rest.subarray(4 + length);
    }
  }
}
