// Installs the tools of tools/ where they are not there yet.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const toolsFolder = fileURLToPath(new URL('../tools/', import.meta.url));

/** The path of a file of an installed tool; exits with 1 when they cannot be installed.
 * @param {string} path below tools/node_modules */
export function toolFile(path) {
  const file = join(toolsFolder, 'node_modules', path);
  if (existsSync(file)) return file;
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: toolsFolder, stdio: 'inherit' });
  if (status === 0 && existsSync(file)) return file;
  console.error(`cannot install ${path.split('/')[0]} in tools/`);
  return process.exit(1);
}
