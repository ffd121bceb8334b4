// Builds the roof with cargo.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program's path. */
export function buildRoof() {
  const folder = fileURLToPath(new URL('../roof/', import.meta.url));
  const target = process.env.CARGO_TARGET_DIR ?? `${folder}target`;
  const args = ['build', '--release', '--locked', '--quiet', '--manifest-path', `${folder}Cargo.toml`, '--target-dir', target];
  const { status, error } = spawnSync(process.env.CARGO ?? 'cargo', args, { stdio: 'inherit' });
  if (status === 0) return `${target}/release/osier-roof`;
  console.error(`bench: cannot build the roof with cargo${error ? `: ${error.message}` : ''}.`);
  process.exit(1);
}
