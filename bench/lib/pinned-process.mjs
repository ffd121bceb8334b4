// A process pinned to one core that reports by lines of JSON on its stdout and takes lines on its stdin.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long any step may take before the run counts as failed. */
const TIMEOUT_MS = 120_000;

/** Where a process runs: a core or several, and a network namespace with the address that is its own there.
 * @typedef {{ core: number | readonly number[], network?: { namespace: string, host: string } }} Place */

export class PinnedProcess {
  /** @param {number | Place} place A number is a core. @param {string} command @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] */
  constructor(place, command, args, env = {}) {
    const { core, network } = typeof place === 'number' ? { core: place, network: undefined } : place;
    const inNamespace = network === undefined ? [] : ['ip', 'netns', 'exec', network.namespace];
    const [program = '', ...rest] = [...inNamespace, 'taskset', '-c', [core].flat().join(','), command, ...args];
    const own = network === undefined ? {} : { OSIER_BENCH_HOST: network.host };
    this.name = args[0] ?? command;
    this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...own, ...env } });
    this.child.stdin.on('error', () => {});
    this.exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line that it prints.
   * @returns {Promise<string>} */
  async nextLine() {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), TIMEOUT_MS);
    const { value, done } = await this.lines.next();
    clearTimeout(timer);
    if (done) throw new Error(`${this.name} ended before it reported`);
    return value;
  }

  /** The next line as JSON. An `error` in it ends the run.
   * @returns {Promise<Record<string, any>>} */
  async next() {
    const report = JSON.parse(await this.nextLine());
    if (report.error !== undefined) throw new Error(`${this.name}: ${report.error}`);
    return report;
  }

  /** @param {string} line */
  send(line) {
    this.child.stdin.write(`${line}\n`);
  }

  /** Ends it and waits until it is gone. */
  async stop() {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
