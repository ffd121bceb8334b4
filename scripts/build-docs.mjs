// Builds site/: the public API from the comments of its sources, with the pages of docs/. Whatever typedoc warns of, a link that leads nowhere or an export
// that nobody documented, is an error.
import { spawnSync } from 'node:child_process';
import { toolFile, toolsFolder } from './tools.mjs';

const args = [toolFile('typedoc/bin/typedoc'), '--options', 'typedoc.json', '--logLevel', 'Warn'];
const { status } = spawnSync(process.execPath, args, { cwd: toolsFolder, stdio: 'inherit' });
if (status !== 0) process.exit(status || 1);
console.log('built site/');
