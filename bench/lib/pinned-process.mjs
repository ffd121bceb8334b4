// A process pinned to one core that reports by lines of JSON on its stdout and takes lines on its stdin.
import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';

/** How long any step may take before the run counts as failed, unless more is asked for. */
const TIMEOUT_MS = 120_000;

/** Where a process runs: a core or several, and a network namespace with the address that is its own there.
 * @typedef {{ core: number | readonly number[], network?: { namespace: string, host: string } }} Place */

/** How a report of a failure begins. */
const FAILURE = '{"error":';

export class PinnedProcess {
  /** @type {string[]} */
  #lines = [];
  /** @type {{ resolve: (line: string) => void, reject: (error: Error) => void } | null} */
  #waiting = null;
  /** @type {Error | null} */
  #failure = null;
  #isStopped = false;
  /** @type {(error: Error) => void} Called with a failure of its own: what it reports, or a crash. */
  onFailure = () => {};

  /** @param {number | Place} place A number is a core. @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] */
  constructor(place, command, args, env = {}) {
    const { core, network } = typeof place === 'number' ? { core: place, network: undefined } : place;
    const inNamespace = network === undefined ? [] : ['ip', 'netns', 'exec', network.namespace];
    const [program = '', ...rest] = [...inNamespace, 'taskset', '-c', [core].flat().join(','), command, ...args];
    const own = network === undefined ? {} : { OSIER_BENCH_HOST: network.host };
    this.name = basename(args[0] ?? command);
    this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...own, ...env } });
    this.child.stdin.on('error', () => {});
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    createInterface({ input: this.child.stdout }).on('line', (line) => this.#take(line));
    // After all that it has written.
    this.child.once('close', (code) => {
      const error = new Error(`${this.name} ended before it reported`);
      this.fail(error);
      if (code !== 0 && !this.#isStopped) this.onFailure(error);
    });
  }

  /** @param {string} line */
  #take(line) {
    if (line.startsWith(FAILURE)) {
      const error = new Error(`${this.name}: ${JSON.parse(line).error}`);
      this.fail(error);
      this.onFailure(error);
    } else if (this.#waiting === null) {
      this.#lines.push(line);
    } else {
      this.#waiting.resolve(line);
      this.#waiting = null;
    }
  }

  /** Ends whatever waits for it, now and later, once what it has reported is read.
   * @param {Error} error */
  fail(error) {
    this.#failure ??= error;
    this.#waiting?.reject(this.#failure);
    this.#waiting = null;
  }

  /** The next line that it prints.
   * @param {number} [timeoutMs] @returns {Promise<string>} */
  async nextLine(timeoutMs = TIMEOUT_MS) {
    const line = this.#lines.shift();
    if (line !== undefined) return line;
    if (this.#failure !== null) throw this.#failure;
    const timer = setTimeout(() => this.fail(new Error(`${this.name} did not report within ${timeoutMs / 1_000} s`)), timeoutMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next line as JSON.
   * @param {number} [timeoutMs] @returns {Promise<Record<string, any>>} */
  async next(timeoutMs) {
    return JSON.parse(await this.nextLine(timeoutMs));
  }

  /** @param {string} line */
  send(line) {
    this.child.stdin.write(`${line}\n`);
  }

  /** Ends it and waits until it is gone. */
  async stop() {
    this.#isStopped = true;
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** What fails at one of them fails all: nobody waits in vain for what can no longer come.
 * @param {readonly PinnedProcess[]} processes */
export function linked(processes) {
  for (const process of processes) {
    process.onFailure = (error) => {
      for (const other of processes) other.fail(error);
    };
  }
}
