// Bytes that say where they belong: each 32-bit word is its position scrambled with the stream's seed, so that a byte that is lost, doubled, moved or
// of another stream shows. Cheap beside the transport.

/** @typedef {import('../../../dist/index.js').ByteStream} ByteStream */

const BLOCK_BYTES = 256 * 1024;

/** Writes `byteCount` bytes of the pattern of `seed`, a multiple of 4. @param {ByteStream} stream @param {number} seed @param {number} byteCount */
export async function writePattern(stream, seed, byteCount) {
  const words = new Uint32Array(BLOCK_BYTES / 4);
  const bytes = new Uint8Array(words.buffer);
  for (let at = 0; at < byteCount; at += BLOCK_BYTES) {
    fill(words, seed, at);
    await stream.write(bytes.subarray(0, byteCount - at));
  }
}

/** Reads the pattern of `seed` and checks every byte; the stream must end after `byteCount`.
 * @param {ByteStream} stream @param {number} seed @param {number} byteCount @param {(byteCount: number) => void | Promise<void>} [onBlock] */
export async function readPattern(stream, seed, byteCount, onBlock = () => {}) {
  const expected = new Uint32Array(BLOCK_BYTES / 4);
  const received = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; at < byteCount; at += BLOCK_BYTES) {
    const block = received.subarray(0, byteCount - at);
    await readFully(stream, block, at);
    fill(expected, seed, at);
    const want = new Uint8Array(expected.buffer, 0, block.length);
    if (Buffer.compare(block, want) !== 0) {
      throw new Error(`stream ${seed}: byte ${at + block.findIndex((byte, index) => byte !== want[index])} of ${byteCount} is wrong`);
    }
    await onBlock(block.length);
  }
  if ((await stream.read(received)) !== 0) throw new Error(`stream ${seed}: more than ${byteCount} bytes came`);
}

/** Writes the pattern of `seed`, in whole blocks, for as long as `goesOn` says so. Returns the number of bytes.
 * @param {ByteStream} stream @param {number} seed @param {() => boolean} goesOn */
export async function writePatternWhile(stream, seed, goesOn) {
  const words = new Uint32Array(BLOCK_BYTES / 4);
  let at = 0;
  for (; goesOn(); at += BLOCK_BYTES) {
    fill(words, seed, at);
    await stream.write(new Uint8Array(words.buffer));
  }
  return at;
}

/** Reads the pattern of `seed`, in whole blocks, to the end of the stream, and checks every byte. Tells of each block that was right.
 * @param {ByteStream} stream @param {number} seed @param {(byteCount: number) => void} onBlock */
export async function readPatternToEnd(stream, seed, onBlock) {
  const expected = new Uint32Array(BLOCK_BYTES / 4);
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; ; at += BLOCK_BYTES) {
    const head = await stream.read(block);
    if (head === 0) return;
    await readFully(stream, block.subarray(head), at + head);
    fill(expected, seed, at);
    if (Buffer.compare(block, new Uint8Array(expected.buffer)) !== 0) throw new Error(`stream ${seed}: the block at ${at} is wrong`);
    onBlock(BLOCK_BYTES);
  }
}

/** @param {ByteStream} stream @param {Uint8Array} into @param {number} at */
async function readFully(stream, into, at) {
  for (let filled = 0; filled < into.length; ) {
    const count = await stream.read(into.subarray(filled));
    if (count === 0) throw new Error(`the stream ended after ${at + filled} bytes`);
    filled += count;
  }
}

/** @param {Uint32Array} words @param {number} seed @param {number} at Position of the first byte. */
function fill(words, seed, at) {
  // Odd factors: one-to-one for positions up to 16 GiB. The shift brings the well-mixed half down.
  const mask = Math.imul(seed + 1, 0x85ebca6b);
  for (let index = 0, word = at / 4; index < words.length; index++, word++) {
    const mixed = Math.imul(word ^ mask, 0x9e3779b1);
    words[index] = mixed ^ (mixed >>> 15);
  }
}
