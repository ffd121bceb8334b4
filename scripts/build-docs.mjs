// Builds site/: the public API from the comments of its sources, with the pages of docs/. Whatever typedoc warns of, a link that leads nowhere or an export
// that nobody documented, is an error. Installs typedoc beside its configuration when it is not there.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../docs/typedoc/', import.meta.url));
const typedoc = join(folder, 'node_modules/typedoc/bin/typedoc');

if (!existsSync(typedoc)) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent']);
run(process.execPath, [typedoc, '--options', 'typedoc.json', '--logLevel', 'Warn']);
console.log('built site/');

/** @param {string} command @param {readonly string[]} args */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: folder, stdio: 'inherit' });
  if (status === 0) return;
  if (error !== undefined) console.error(error.message);
  process.exit(status || 1);
}
