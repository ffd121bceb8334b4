// The contestants of Node, from this folder's own lock file.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Installs what is missing or of another version. */
export function installContestants() {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const { dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'));
  const isThere = Object.entries(dependencies).every(([name, version]) => versionOf(`${folder}node_modules/${name}/package.json`) === version);
  if (isThere) return;
  // Not `npm ci`: what the lock file can't hold are packages for other systems that not every registry has.
  const { status } = spawnSync('npm', ['install', '--no-save'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status === 0) return;
  console.error('bench: `npm install` in bench/ failed.');
  process.exit(1);
}

/** @param {string} path */
function versionOf(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : null;
}
