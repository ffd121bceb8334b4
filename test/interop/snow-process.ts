/** The test program of test/interop/snow, built and driven line by line. */
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./snow', import.meta.url));

/** Builds the program and returns its path. */
export function buildSnow(): string {
  const messages = execFileSync('cargo', ['build', '--locked', '--message-format=json'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for (const line of messages.split('\n').filter((text) => text.includes('"executable"'))) {
    const { executable } = JSON.parse(line) as { executable: string | null };
    if (executable !== null) return executable;
  }
  throw new Error('cargo named no executable');
}

/** One end of a handshake in another process. */
export class SnowEnd implements Disposable {
  readonly #process;
  readonly #lines;

  constructor(executable: string) {
    this.#process = spawn(executable, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Sends a command and its bytes; returns those of the answer. Rejects with the reason of an error. */
  async command(name: string, ...args: readonly Uint8Array[]): Promise<Uint8Array[]> {
    this.#process.stdin.write(`${[name, ...args.map((bytes) => (bytes.length === 0 ? '-' : Buffer.from(bytes).toString('hex')))].join(' ')}\n`);
    const { value = 'error the process ended' } = await this.#lines.next();
    const [status, ...words] = String(value).split(' ');
    if (status !== 'ok') throw new Error(words.join(' '));
    return words.map((word) => (word === '-' ? new Uint8Array() : Uint8Array.from(Buffer.from(word, 'hex'))));
  }

  /** As {@link SnowEnd.command}, for an answer of one part. */
  async one(name: string, ...args: readonly Uint8Array[]): Promise<Uint8Array> {
    const [bytes] = await this.command(name, ...args);
    return bytes ?? new Uint8Array();
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }
}
