// Checks that every test which docs/promises.md and docs/security.md name exists and runs, and that every promise names one. Prints one line per fault and
// exits with 1 when there is any. `--root DIR` checks another tree.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) } } });
const root = resolve(values.root);

const faults = ['docs/promises.md', 'docs/security.md'].flatMap(pageFaults);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);

/** @param {string} page */
function pageFaults(page) {
  const lines = existsSync(join(root, page)) ? readFileSync(join(root, page), 'utf8').split('\n') : [];
  return lines.flatMap((line, index) => {
    const tests = testsOf(lines, index);
    if (tests === null) return [];
    const named = [...tests.matchAll(/`([^`]+\.(?:rs|ts))` ([^|]+?)(?=<br>|; `|$)/g)].map(([, file = '', name = '']) => ({
      file,
      name: name.trim(),
    }));
    if (named.length === 0) return [`${page}:${index + 1}: names no test: ${line.slice(0, 80)}`];
    return named.flatMap(({ file, name }) => testFaults(file, name)).map((fault) => `${page}:${index + 1}: ${fault}`);
  });
}

/** The cell of a row in a table whose last column is called "tests"; null elsewhere.
 * @param {readonly string[]} lines @param {number} index */
function testsOf(lines, index) {
  let head = index;
  while (head > 0 && lines[head - 1]?.startsWith('|')) head--;
  const isRow = lines[index]?.startsWith('|') && index > head + 1;
  return isRow && lines[head]?.trimEnd().endsWith('| tests |')
    ? ((lines[index] ?? '')
        .trimEnd()
        .replace(/ ?\|$/, '')
        .split(/(?<!\\)\| /)
        .at(-1) ?? '')
    : null;
}

/** @param {string} file @param {string} name */
function testFaults(file, name) {
  const path = join(root, file);
  if (!existsSync(path)) return [`there is no ${file}`];
  const source = readFileSync(path, 'utf8');
  return (file.endsWith('.rs') ? hasRustTest(source, name) : hasTest(source, name)) ? [] : [`${file} has no test "${name}" that runs`];
}

/** @param {string} source @param {string} name */
function hasRustTest(source, name) {
  const attributes = new RegExp(`((?:#\\[[^\\]]*\\]\\s*)+)fn ${escaped(name)}\\(`).exec(source)?.[1] ?? '';
  return attributes.includes('#[test]') && !attributes.includes('#[ignore');
}

/** A test, a group of them, or a case of a table that names its tests.
 * @param {string} source @param {string} name */
function hasTest(source, name) {
  const quoted = escaped(name).replaceAll("'", "\\\\?'");
  const call = new RegExp(`(\\.skip|\\.todo|\\.skipIf\\([^)]*\\))?(?:[(\\[]|[(]\\[)\\s*(['"\`])${quoted}\\2`).exec(source);
  return call !== null && call[1] === undefined;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
