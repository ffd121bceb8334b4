// The usual tunnel beside a mesh of one's own.
import { spawnSync } from 'node:child_process';
import { startEnds } from '../lib/ends.mjs';
import { namespaceObstacle } from '../lib/namespaces.mjs';
import { PinnedProcess } from '../lib/pinned-process.mjs';
import { acrossEthernet, acrossWireguard } from '../lib/wireguard-tunnel.mjs';
import { measureBulk } from './bulk.mjs';
import { osier, quinn } from './entrants.mjs';

/** @typedef {import('../lib/benchmark.mjs').Contestant} Contestant @typedef {import('../lib/ends.mjs').Entrant} Entrant @typedef {import('../lib/ends.mjs').Place} Place */

/** @type {Entrant} */
const TCP = { id: 'tcp', label: 'TCP of Node', by: { module: 'tcp' } };

/** @param {Entrant} entrant @returns {Contestant} */
function besideTunnel(entrant) {
  return {
    id: entrant.id,
    label: entrant.label,
    needsBuild: 'program' in entrant.by,
    run: ({ cores, warmUpMs, measureMs }) =>
      acrossEthernet(cores, (places) => measureBulk(entrant, { streams: 1, both: 0, warmUpMs, measureMs }, places)),
  };
}

/** @type {Contestant} */
const throughTunnel = {
  id: 'wireguard-go',
  label: 'wireguard-go, TCP of Node through it',
  run: ({ cores, warmUpMs, measureMs }) =>
    acrossWireguard(cores, async (places, { cpuMicros }) => {
      const { receiver, sender, stop } = await startEnds(TCP, 'bulk', { streams: 1, both: 0, warmUpMs, measureMs }, places);
      try {
        await sender.next();
        const before = cpuMicros();
        const { count, micros } = await receiver.next();
        const tunnelMicros = cpuMicros() - before;
        sender.send('stop');
        const [sent, arrived] = [await sender.next(), await receiver.next()];
        if (sent.bytes !== arrived.bytes) throw new Error(`${sent.bytes} bytes were sent and ${arrived.bytes} arrived`);
        const details = { tunnelCpuSecondsPerGigabyte: (tunnelMicros / count) * 1e3 };
        return { value: (count * 8) / micros / 1e3, settings: 'ChaCha20, MTU 1420; each end shares the core of its program', details };
      } finally {
        await stop();
      }
    }),
};

/** Does not compare what arrives.
 * @type {Contestant} */
const iperf = {
  id: 'wireguard-go-iperf3',
  label: 'wireguard-go, iperf3 through it',
  run: ({ cores, warmUpMs, measureMs }) =>
    acrossWireguard(cores, async (places) => {
      const [client, server] = places.map(({ network }) => network?.host ?? '');
      const listening = new PinnedProcess(places[1], 'iperf3', ['-s', '-1', '-B', server ?? '', '--forceflush']);
      /** @type {PinnedProcess | null} */
      let sending = null;
      try {
        for (let line = ''; !line.includes('listening'); ) line = await listening.nextLine();
        const times = ['-t', String(Math.max(1, Math.round(measureMs / 1e3))), '-O', String(Math.round(warmUpMs / 1e3))];
        sending = new PinnedProcess(places[0], 'iperf3', ['-c', server ?? '', '-B', client ?? '', ...times, '-f', 'm', '--forceflush']);
        // "[  5]   0.00-4.00   sec  1.02 GBytes  2190 Mbits/sec                  receiver"
        for (;;) {
          const [, megabits] = /([\d.]+) Mbits\/sec.*receiver/.exec(await sending.nextLine()) ?? [];
          if (megabits !== undefined) return { value: Number(megabits) / 1e3, settings: 'ChaCha20, MTU 1420; not compared', details: {} };
        }
      } finally {
        await Promise.all([listening.stop(), sending?.stop()]);
      }
    }),
};

/** @type {readonly (() => import('../lib/benchmark.mjs').Benchmark)[]} */
export const benchmarks = [
  () => {
    const tunnels = spawnSync('iperf3', ['--version'], { stdio: 'ignore' }).status === 0 ? [throughTunnel, iperf] : [throughTunnel];
    return {
      name: 'wireguard',
      title: 'Bulk beside wireguard-go',
      about: [
        'One stream, one direction, between two network namespaces that a pair of virtual Ethernet devices of MTU 1500 joins; every byte compared on arrival.',
        'Through wireguard-go goes TCP, which Osier needs none of. Its two ends run on the same two cores as everybody.',
      ],
      unit: 'Gbit/s',
      better: 'higher',
      subject: 'osier-ChaCha20-1440',
      isExtra: true,
      obstacle: namespaceObstacle,
      details: {
        senderCpuSecondsPerGigabyte: 'sender CPU s/GB',
        receiverCpuSecondsPerGigabyte: 'receiver CPU s/GB',
        tunnelCpuSecondsPerGigabyte: 'CPU of the tunnel alone, s/GB',
      },
      contestants: [
        besideTunnel(osier('chacha20-poly1305', 1440)),
        besideTunnel(osier('aes-256-gcm', 1440)),
        ...tunnels,
        besideTunnel(quinn('chacha20-poly1305', 1440)),
        besideTunnel({ ...TCP, label: 'TCP of Node without a tunnel' }),
      ],
      bars: tunnels.map(({ id }) => ({ against: id, relation: 'at least', bound: 4 })),
    };
  },
];
