// The native programs of the benchmarks, built with cargo when first asked for.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @type {Map<string, string>} Folders of what was built, by workspace. */
const built = new Map();

/** The roof of the machine. */
export function roofProgram() {
  return `${build('roof')}/osier-roof`;
}

/** What joins two network namespaces by a link with faults. */
export function netemProgram() {
  return `${build('netem')}/osier-netem`;
}

/** What sends to a relay and verifies what it passes on. */
export function relayLoadProgram() {
  return `${build('relay/load')}/osier-relay-load`;
}

/** @param {'quinn' | 's2n'} peer */
export function peerProgram(peer) {
  return `${build('peers')}/${peer}-peer`;
}

/** What `go install` builds: wireguard-go has no releases but this. */
export const WIREGUARD_VERSION = 'v0.0.0-20260522210424-ecfc5a8d5446';

/** The current wireguard-go, built with go. */
export function wireguardProgram() {
  const folder = fileURLToPath(new URL(`../out/${WIREGUARD_VERSION}/`, import.meta.url));
  if (!existsSync(`${folder}wireguard`)) {
    const args = ['install', `golang.zx2c4.com/wireguard@${WIREGUARD_VERSION}`];
    const { status, error } = spawnSync('go', args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, GOBIN: folder } });
    if (status !== 0) throw new Error(`wireguard-go cannot be built with go${error ? `: ${error.message}` : ''}`);
  }
  return `${folder}wireguard`;
}

/** Whether the native peers have been built before: it takes minutes. */
export function arePeersBuilt() {
  return existsSync(`${targetOf('peers')}/release/quinn-peer`) && existsSync(`${targetOf('peers')}/release/s2n-peer`);
}

/** @param {string} workspace A folder of `bench/`. */
function build(workspace) {
  const known = built.get(workspace);
  if (known !== undefined) return known;
  const folder = folderOf(workspace);
  const target = targetOf(workspace);
  const args = ['build', '--release', '--locked', '--quiet', '--manifest-path', `${folder}Cargo.toml`, '--target-dir', target];
  const { status, error } = spawnSync(process.env.CARGO ?? 'cargo', args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`bench: cannot build ${workspace} with cargo${error ? `: ${error.message}` : ''}.`);
    process.exit(1);
  }
  built.set(workspace, `${target}/release`);
  return `${target}/release`;
}

/** @param {string} workspace */
function targetOf(workspace) {
  return process.env.CARGO_TARGET_DIR ?? `${folderOf(workspace)}target`;
}

/** @param {string} workspace */
function folderOf(workspace) {
  return fileURLToPath(new URL(`../${workspace}/`, import.meta.url));
}
