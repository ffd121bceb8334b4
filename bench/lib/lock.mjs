// One benchmark at a time on a machine.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOCKED = 'OSIER_BENCH_LOCKED';

/** Runs `script` again under a lock, and ends this process with its exit code; returns when this process is that run already.
 * -o: a child that inherited the lock's descriptor would hold it for ever.
 * @param {string} script @param {readonly string[]} args */
export function underLock(script, args) {
  if (process.env[LOCKED] !== undefined) return;
  const command = ['-o', '-w', '3600', join(tmpdir(), 'osier-bench.lock'), process.execPath, script, ...args];
  const { status, error } = spawnSync('flock', command, { stdio: 'inherit', env: { ...process.env, [LOCKED]: '1' } });
  if (error) {
    console.error(`bench: cannot run flock (${error.message}); install util-linux.`);
    process.exit(1);
  }
  process.exit(status ?? 1);
}
