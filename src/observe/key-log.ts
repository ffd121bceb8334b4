/** The key log: traffic keys of every session, one line each, for whoever has to read a recording of the network. See docs/observability.md. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { type OsierError, osierError } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import type { NodeId } from '../identity/index.js';

/** What the log takes of a finished handshake. */
export interface SessionKeys {
  readonly role: 'initiator' | 'responder';
  readonly peer: NodeId;
  readonly localIndex: number;
  readonly remoteIndex: number;
  readonly cipher: string;
  readonly sendKeys: { readonly data: Uint8Array };
  readonly receiveKeys: { readonly data: Uint8Array };
  /** What the handshake told of the first packet number of each direction, from which generations of keys are counted. */
  readonly firstSend: bigint;
  readonly firstReceive: bigint;
}

/** Does not follow a link, and does not wait for somebody to read a pipe. */
const OPEN_FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Other users of the machine. */
const OTHERS = 0o077;

/** Appends to one file, which only its owner can read. Stops at the first fault, of which `warn` is told, as of the first line. */
export class KeyLog {
  readonly #path: string;
  readonly #id: NodeId;
  readonly #warn: (error: OsierError) => void;
  #file: number | 'unopened' | 'over' = 'unopened';

  constructor(path: string, id: NodeId, warn: (error: OsierError) => void) {
    this.#path = path;
    this.#id = id;
    this.#warn = warn;
  }

  /** `continues`: the first packet numbers that the handshake told count. A new association begins with packet 0. */
  write(session: SessionKeys, continues: boolean): void {
    if (this.#file === 'over') return;
    try {
      this.#append(lineOf(this.#id, session, continues));
    } catch (cause) {
      this.close();
      const message = `The session keys cannot be written to ${this.#path}, as OSIER_KEYLOG asks, and are not: ${textOf(cause)}`;
      this.#warn(osierError('ERR_OSIER_KEYLOG', message, { path: this.#path }, { cause }));
    }
  }

  close(): void {
    const file = this.#file;
    this.#file = 'over';
    if (typeof file !== 'number') return;
    try {
      closeSync(file);
    } catch {
      // Nothing can be done about it, and the lines are written.
    }
  }

  #append(line: string): void {
    if (typeof this.#file === 'number') {
      writeSync(this.#file, line);
      return;
    }
    this.#file = openSync(this.#path, OPEN_FLAGS, 0o600);
    const status = fstatSync(this.#file);
    if (!status.isFile()) throw new Error('it is no regular file');
    if ((status.mode & OTHERS) !== 0) throw new Error('others than its owner may open the file: give it mode 0600');
    writeSync(this.#file, line);
    const message = `OSIER_KEYLOG is set: this node writes the keys of its sessions to ${this.#path}. Whoever reads that file can read all that it sends and receives.`;
    this.#warn(osierError('ERR_OSIER_KEYLOG', message, { path: this.#path }));
  }
}

function lineOf(id: NodeId, session: SessionKeys, continues: boolean): string {
  const { role, peer, cipher, localIndex, remoteIndex, sendKeys, receiveKeys } = session;
  const [firstSend, firstReceive] = continues ? [session.firstSend, session.firstReceive] : [0n, 0n];
  const sending = [indexText(remoteIndex), firstSend, hex(sendKeys.data)];
  const receiving = [indexText(localIndex), firstReceive, hex(receiveKeys.data)];
  return `OSIER_SESSION ${[id, peer, role, cipher, ...sending, ...receiving].join(' ')}\n`;
}

function indexText(index: number): string {
  return index.toString(16).padStart(8, '0');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
