// An engine that writes and reads as fast as it can on one stream of each of its associations. No handshake: the keys are fixed.
import { CONFIG, createEngine } from './traffic.mjs';

export const HOST = '127.0.0.1';
const CREDIT = { peerMaxData: CONFIG.initialDataBytes, peerMaxStreamData: CONFIG.initialStreamDataBytes, peerMaxStreams: 16 };
const RECORD_WORDS = 8;
const OPENED = 3;
const BYTE = 0x5a;

export class Traffic {
  /** Bytes read, by association. @type {Map<number, number>} */
  moved = new Map();
  /** @type {Map<number, number>} */
  #streams = new Map();
  #parity;
  #chunk = new Uint8Array(16_384).fill(BYTE);
  #into = new Uint8Array(65_536);

  /** @param {0 | 1} parity @param {Partial<import('../../../dist/engine/engine.js').EngineConfig>} [config] */
  constructor(parity, config = {}) {
    this.#parity = parity;
    this.engine = createEngine((records) => this.#onBatch(records), config);
  }

  /** An association without a session, and the index that its peer is to know. */
  associate() {
    const association = this.engine.createAssociation({ parity: this.#parity, ...CREDIT });
    this.moved.set(association, 0);
    return { association, index: this.engine.reserveIndex(key(3)) };
  }

  /** @param {{ readonly association: number, readonly index: number }} own @param {{ readonly index: number, readonly port: number }} other */
  connect({ association, index }, other) {
    this.engine.installSession(association, {
      localIndex: index,
      remoteIndex: other.index,
      cipher: 0,
      sendKey: key(this.#parity + 1),
      receiveKey: key(2 - this.#parity),
      firstSend: 0n,
      firstReceive: 0n,
      path: this.engine.pathTo(HOST, other.port),
      begunHere: true,
      confirmed: true,
      preferred: true,
    });
  }

  /** Opens the association's stream. @param {number} association */
  open(association) {
    this.#streams.set(association, this.engine.openStream(association, 0, 3, new TextEncoder().encode('traffic'), new Uint8Array()));
    this.#move(association);
  }

  /** @param {number} records */
  #onBatch(records) {
    const { events } = this.engine;
    for (let at = 0; at < records * RECORD_WORDS; at += RECORD_WORDS) {
      const [kind = 0, association = 0, stream = 0] = events.subarray(at, at + RECORD_WORDS);
      if (kind === OPENED) this.#streams.set(association, stream);
    }
    for (const association of this.#streams.keys()) this.#move(association);
  }

  /** @param {number} association */
  #move(association) {
    const stream = this.#streams.get(association) ?? -1;
    // Until nothing is left: of that nobody would be told again.
    for (;;) {
      const count = this.engine.read(association, stream, this.#into);
      if (count <= 0) break;
      if (this.#into[0] !== BYTE || this.#into[count - 1] !== BYTE) throw new Error('foreign bytes arrived');
      this.moved.set(association, (this.moved.get(association) ?? 0) + count);
    }
    while (this.engine.write(association, stream, this.#chunk) === this.#chunk.length);
  }
}

/** @param {number} byte */
function key(byte) {
  return new Uint8Array(32).fill(byte);
}
