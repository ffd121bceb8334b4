// Versions of what is measured, from the lock files.
import { readFileSync } from 'node:fs';
import { WIREGUARD_VERSION } from './native-programs.mjs';

/** @returns {Record<string, string>} */
export function versionsOfContestants() {
  const { packages } = JSON.parse(read('../package-lock.json'));
  const ofNode = ['@chainsafe/libp2p-quic', '@hyperswarm/secret-stream', '@number0/iroh', 'udx-native'].map((name) => [
    name,
    packages[`node_modules/${name}`]?.version ?? 'missing',
  ]);
  const lock = read('../peers/Cargo.lock');
  const ofRust = ['quinn', 's2n-quic'].map((name) => [name, new RegExp(`name = "${name}"\nversion = "(.*)"`).exec(lock)?.[1] ?? 'missing']);
  return Object.fromEntries([['osier', JSON.parse(read('../../package.json')).version], ...ofNode, ...ofRust, ['wireguard-go', WIREGUARD_VERSION]]);
}

/** @param {string} path */
function read(path) {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
