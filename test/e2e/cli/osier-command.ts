/** Runs the built `osier` command as a person or script would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** What a finished command left. */
export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export class OsierCommand {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  private readonly lines: AsyncIterator<string>;

  constructor(args: readonly string[], secret?: string) {
    const { OSIER_SECRET: _, ...inherited } = process.env;
    const env = { ...inherited, NO_COLOR: '1', ...(secret === undefined ? {} : { OSIER_SECRET: secret }) };
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.child = child;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => {
      output.stdout += data;
    });
    child.stderr.on('data', (data) => {
      output.stderr += data;
    });
    this.finished = once(child, 'close').then(([exitCode]) => ({ exitCode, ...output }));
  }

  /** The next line of a command with `--json`. */
  async nextEvent(): Promise<Record<string, unknown>> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the command ended: ${JSON.stringify(await this.finished)}`);
    return JSON.parse(value) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.finished;
  }
}

/** Runs a command to its end. */
export function osier(args: readonly string[], secret?: string): Promise<Finished> {
  return new OsierCommand(args, secret).finished;
}

/** The error that a command with `--json` ended with. */
export function errorOf({ stderr }: Finished): { code: string; message: string; exitCode: number } {
  return (JSON.parse(stderr) as { error: { code: string; message: string; exitCode: number } }).error;
}

/** A folder that is gone when the test is. */
export function temporaryFolder(): Disposable & { readonly path: string; file(name: string): string } {
  const path = mkdtempSync(join(tmpdir(), 'osier-cli-test-'));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
