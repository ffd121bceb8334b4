/** A process of a test: one of the programs in test/e2e/sockets, which does what the test asks and says what came of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Place } from './environments.js';

/** The young generation stays small: how far V8 lets it grow, and when, would hide what a program holds. */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

/** The allocator gives back at once what is freed: what it keeps, tens of MiB at some times and none at others, would hide what a program holds. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '65536' };

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly problem?: string;
}

/** See above. Killed when the test ends. */
export class Party {
  readonly place: Place;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  readonly #ended: Promise<unknown>;
  #lastId = 0;

  /** Runs test/e2e/sockets/`program` in `place`, with `env` in its environment. */
  constructor(place: Place, program: string, env: NodeJS.ProcessEnv = {}) {
    const file = fileURLToPath(new URL(`../sockets/${program}`, import.meta.url));
    const [command = process.execPath, ...args] = [...place.prefix, process.execPath, ...NODE_FLAGS, file];
    this.place = place;
    this.#child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, ...ALLOCATOR, ...env } });
    this.#child.on('message', (answer) => this.#onAnswer(answer as Answer));
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => this.#failAll(new Error(`${program} ended: ${code ?? signal}`)));
    onTestFinished(() => this.kill());
  }

  /** The result of the program's `command`; rejects with its error, or when the process ends first. */
  ask<T = void>(command: string, argument: unknown = null): Promise<T> {
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#asked.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#child.send({ id, command, argument }, (error) => {
        if (error !== null) reject(error);
      });
    });
  }

  /** Stops the process as a debugger would, or lets it go on. */
  setStopped(isStopped: boolean): void {
    this.#child.kill(isStopped ? 'SIGSTOP' : 'SIGCONT');
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #onAnswer({ id, result, problem }: Answer): void {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (problem === undefined) asked?.resolve(result);
    else asked?.reject(new Error(problem));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
