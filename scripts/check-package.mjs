// Packs the package and uses it as a stranger would: checks what the tarball holds, installs it in an empty folder, which builds the addon from the
// packed sources, runs a program of ten lines and those of test/types/api-usage.ts there, compiled against the packed types, and starts the command.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { toolFile } from './tools.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

const PROGRAM = `import { generateIdentity, generateNetworkSecret, MeshNode } from 'osier';
import { otelTracing } from 'osier/metrics/otel';
import { metricsText } from 'osier/metrics/prometheus';
const network = { secret: generateNetworkSecret() };
const server = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
server.handle('echo', async (stream) => { for await (const batch of stream) for (const chunk of batch) await stream.write(chunk); });
const client = await MeshNode.create({ identity: await generateIdentity(), network, listen: 'udp://127.0.0.1:0' });
const stream = await (await client.connect(server.address)).openStream('echo');
await stream.write(new TextEncoder().encode('hello'));
void stream.end();
for await (const batch of stream) for (const chunk of batch) console.log(new TextDecoder().decode(chunk));
if (!metricsText([client, server]).includes('osier_sent_packets_total') || typeof otelTracing !== 'function') throw new Error('no metrics');
await Promise.all([client.close(), server.close()]);
`;

const SIMULATION = `import { SimNetwork } from 'osier/testing';
const net = new SimNetwork({ link: { delayMs: 20, lossRate: 0.05 } });
await net.run(async () => {
  const server = await net.host('server').start();
  server.handle('hello', async (stream) => { await stream.write(new TextEncoder().encode('hello')); });
  const stream = await (await (await net.host('client').start()).connect(server.address)).openStream('hello');
  for await (const batch of stream) for (const chunk of batch) console.log(new TextDecoder().decode(chunk));
});
await net[Symbol.asyncDispose]();
`;

/** What a tarball must hold, and what must not be in it. */
const WANTED = [
  'dist/index.js',
  'dist/index.d.ts',
  'dist/shard/shard-worker.js',
  'dist/handshake/first-message-worker.js',
  'dist/testing/index.js',
  'dist/testing/index.d.ts',
  'dist/cli/main.js',
  'dist/metrics/prometheus.js',
  'dist/metrics/prometheus.d.ts',
  'dist/metrics/otel.js',
  'dist/metrics/otel.d.ts',
  'native/Cargo.lock',
  'native/core/src/lib.rs',
  'scripts/build-addon.mjs',
  'LICENSE',
];
/** Of CommonJS, which the package has not. */
const OLD_RESOLUTIONS = new Set(['node10', 'node16-cjs']);

/** What the programs of the API say when they have done what they should. */
const PROGRAMS = ['1 echo', '2 file', '2 file, cancelled', '3 steer', '4 quotes', '7 register', '8 explain', '9 shards', '10 heartbeat'];

/** They end by themselves, in less than a tenth of this. */
const PROGRAMS_MS = 120_000;

const UNWANTED = /^(test|bench|src|build)\/|\/target\/|node_modules|\.test\.|\.map$/;

const folder = mkdtempSync(join(tmpdir(), 'osier-package-'));
try {
  const tarball = pack();
  await checkExports();
  await checkResolution(tarball);
  installInto(folder, tarball);
  useIt();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Packs, checks the list of files, and returns the tarball's path. */
function pack() {
  const output = run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
  const [packed] = JSON.parse(output);
  const paths = packed.files.map((/** @type {{ path: string }} */ file) => file.path);
  const missing = WANTED.filter((path) => !paths.includes(path));
  const extra = paths.filter((/** @type {string} */ path) => UNWANTED.test(path));
  if (missing.length > 0) throw new Error(`not in the tarball: ${missing.join(', ')}`);
  if (extra.length > 0) throw new Error(`should not be in the tarball: ${extra.join(', ')}`);
  console.log(`packed ${paths.length} files, ${packed.size} bytes`);
  return join(folder, packed.filename);
}

async function checkExports() {
  const { messages, pkg } = await publint({ pkgDir: root, strict: true });
  if (messages.length === 0 || pkg === undefined) return;
  throw new Error(`publint: ${messages.map((message) => formatMessage(message, pkg)).join('; ')}`);
}

/** That types and code are found, and agree, wherever ES modules are: in Node and in bundlers.
 * @param {string} tarball */
async function checkResolution(tarball) {
  const { checkPackage, createPackageFromTarballData } = await import(pathToFileURL(toolFile('@arethetypeswrong/core/dist/index.js')).href);
  const { problems, entrypoints } = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
  const found = problems.filter((/** @type {{ resolutionKind?: string }} */ { resolutionKind }) => !OLD_RESOLUTIONS.has(resolutionKind ?? ''));
  if (found.length > 0) throw new Error(`are the types wrong? ${JSON.stringify(found)}`);
  console.log(`the types of ${Object.keys(entrypoints).length} entry points are found`);
}

/** @param {string} target @param {string} tarball */
function installInto(target, tarball) {
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
  console.log('installing the tarball in an empty folder');
  run('npm', ['install', '--no-audit', '--no-fund', tarball], target);
}

function useIt() {
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  expect('the program', run(process.execPath, ['program.mjs'], folder), 'hello');
  checkTypes();
  writeFileSync(join(folder, 'simulation.mjs'), SIMULATION);
  expect('the simulation', run(process.execPath, ['simulation.mjs'], folder), 'hello');
  runPrograms();
  const { version } = JSON.parse(run(process.execPath, ['-p', 'JSON.stringify(require("osier/package.json"))'], folder));
  expect('osier --version', run(join(folder, 'node_modules/.bin/osier'), ['--version'], folder), version);
  console.log('the installed package works');
}

/** Compiles and runs the programs of the API page. */
function runPrograms() {
  const files = ['types/api-usage.ts', 'types/handlers.ts', 'package/explanations.ts', 'package/shards.ts', 'package/programs.ts'];
  for (const file of files) cpSync(join(root, 'test', file), join(folder, file));
  compile([], files);
  expect('the programs of the API', run(process.execPath, ['package/programs.js'], folder, PROGRAMS_MS), PROGRAMS.join('\n'));
}

/** Checks the programs as TypeScript. */
function checkTypes() {
  writeFileSync(join(folder, 'program.mts'), PROGRAM);
  writeFileSync(join(folder, 'simulation.mts'), SIMULATION);
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  compile(['--noEmit'], ['program.mts', 'simulation.mts']);
}

/** By the compiler and the Node types of this checkout.
 * @param {readonly string[]} more @param {readonly string[]} files */
function compile(more, files) {
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--types', 'node', ...more];
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...files], folder);
}

/** @param {string} what @param {string} output @param {string} wanted */
function expect(what, output, wanted) {
  if (output.trim() !== wanted) throw new Error(`${what} printed ${JSON.stringify(output)} and not ${JSON.stringify(wanted)}`);
}

/** The command's stdout; throws with all its output when it fails.
 * @param {string} command @param {readonly string[]} args @param {string} cwd @param {number} [timeoutMs] */
function run(command, args, cwd, timeoutMs = 600_000) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: timeoutMs, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? ''}\n${stdout}\n${stderr}`);
  return stdout;
}
