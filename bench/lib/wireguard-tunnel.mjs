// Two network namespaces, joined by a pair of virtual Ethernet devices, and by a tunnel of wireguard-go over them.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { inNamespaces, ip } from './namespaces.mjs';
import { wireguardProgram } from './native-programs.mjs';
import { PinnedProcess } from './pinned-process.mjs';

/** @typedef {import('./pinned-process.mjs').Place} Place */
/** @typedef {{ cpuMicros: () => number }} Tunnel Processor time of both its ends. */

const OUTSIDE = /** @type {const} */ (['10.78.0.1', '10.78.0.2']);
const INSIDE = /** @type {const} */ (['10.79.0.1', '10.79.0.2']);
const PORT = 51_820;
/** How long wireguard-go may take to be there. */
const [ATTEMPTS, PAUSE_MS] = [100, 50];
/** Of the times in /proc. */
const TICKS_PER_SECOND = 100;

/** Runs `work` between two places that a pair of Ethernet devices joins, without a tunnel.
 * @template T @param {readonly [number, number]} cores @param {(places: readonly [Place, Place]) => Promise<T>} work @returns {Promise<T>} */
export function acrossEthernet(cores, work) {
  return inNamespaces((namespaces) => {
    joinByEthernet(namespaces);
    return work(placesOf(namespaces, cores, OUTSIDE));
  });
}

/** The same through a tunnel; each end of it is pinned to the core of its place.
 * @template T @param {readonly [number, number]} cores @param {(places: readonly [Place, Place], tunnel: Tunnel) => Promise<T>} work @returns {Promise<T>} */
export function acrossWireguard(cores, work) {
  const command = wireguardProgram();
  return inNamespaces(async (namespaces) => {
    joinByEthernet(namespaces);
    const keys = [keyPair(), keyPair()];
    /** @type {PinnedProcess[]} */
    const ends = [];
    const devices = [0, 1].map((index) => `ob${process.pid}${index}`);
    try {
      for (const [index, place] of placesOf(namespaces, cores, OUTSIDE).entries()) {
        const device = devices[index] ?? '';
        ends.push(new PinnedProcess(place, command, ['-f', device], { LOG_LEVEL: 'error', WG_PROCESS_FOREGROUND: '1' }));
        await configure(device, {
          privateKey: keys[index]?.privateKey ?? '',
          peerKey: keys[1 - index]?.publicKey ?? '',
          endpoint: `${OUTSIDE[1 - index]}:${PORT}`,
          inside: `${INSIDE[1 - index]}/32`,
        });
        const namespace = place.network?.namespace ?? '';
        ip('-n', namespace, 'addr', 'add', `${INSIDE[index]}/24`, 'dev', device);
        ip('-n', namespace, 'link', 'set', device, 'up');
      }
      const cpuMicros = () => ends.reduce((total, { child }) => total + cpuMicrosOf(child.pid ?? 0), 0);
      return await work(placesOf(namespaces, cores, INSIDE), { cpuMicros });
    } finally {
      await Promise.all(ends.map((end) => end.stop()));
      // One that is killed leaves its socket behind.
      for (const device of devices) rmSync(socketFileOf(device), { force: true });
    }
  });
}

/** @param {readonly [string, string]} namespaces */
function joinByEthernet([a, b]) {
  ip('link', 'add', 'bench-a', 'netns', a, 'type', 'veth', 'peer', 'name', 'bench-b', 'netns', b);
  for (const [namespace, device, host] of /** @type {const} */ ([
    [a, 'bench-a', OUTSIDE[0]],
    [b, 'bench-b', OUTSIDE[1]],
  ])) {
    ip('-n', namespace, 'addr', 'add', `${host}/24`, 'dev', device);
    ip('-n', namespace, 'link', 'set', device, 'up');
  }
}

/** @param {readonly [string, string]} namespaces @param {readonly [number, number]} cores @param {readonly [string, string]} hosts @returns {readonly [Place, Place]} */
function placesOf(namespaces, cores, hosts) {
  const place = (/** @type {0 | 1} */ end) => ({ core: cores[end], network: { namespace: namespaces[end], host: hosts[end] } });
  return [place(0), place(1)];
}

function keyPair() {
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const hex = (/** @type {string} */ text) => Buffer.from(text, 'base64url').toString('hex');
  return { privateKey: hex(d), publicKey: hex(x) };
}

/** Tells an end what it is to do, by the protocol of its socket (https://www.wireguard.com/xplatform/).
 * @param {string} device @param {{ privateKey: string, peerKey: string, endpoint: string, inside: string }} settings */
async function configure(device, { privateKey, peerKey, endpoint, inside }) {
  const peer = ['replace_peers=true', `public_key=${peerKey}`, `endpoint=${endpoint}`, `allowed_ip=${inside}`];
  const socket = await socketOf(device);
  socket.end(`${['set=1', `private_key=${privateKey}`, `listen_port=${PORT}`, ...peer].join('\n')}\n\n`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  if (!answer.startsWith('errno=0')) throw new Error(`wireguard-go refused its settings: ${answer.trim()}`);
}

/** Waits until it takes settings.
 * @param {string} device */
async function socketOf(device) {
  for (let attempt = 1; ; attempt++) {
    const socket = connect(socketFileOf(device));
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      if (attempt === ATTEMPTS) throw new Error('wireguard-go did not come up');
      await setTimeout(PAUSE_MS);
    }
  }
}

/** @param {string} device */
function socketFileOf(device) {
  return `/var/run/wireguard/${device}.sock`;
}

/** User and system time of a process.
 * @param {number} pid */
function cpuMicrosOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}
