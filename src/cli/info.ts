/** `osier info`: what a node would run on here, and why. */
import type { Command } from 'commander';
import { generateIdentity, MeshNode, type NodeInfo } from '../index.js';
import { formatBytes } from './format.js';
import { makeUpSecret } from './node-options.js';
import type { Terminal } from './terminal.js';

/** Adds the command. */
export function addInfo(program: Command, terminal: () => Terminal): void {
  program
    .command('info')
    .description('print what was chosen on this machine, and why')
    .action(async () => {
      await using node = await MeshNode.create({
        identity: await generateIdentity(),
        network: { secret: makeUpSecret() },
        listen: 'udp://127.0.0.1:0',
        // Where that is not possible, the reasons say why.
        shards: 2,
      });
      const info = node.info();
      terminal().result(machineFields(info), describe(info));
    });
}

function machineFields({ shards, ...info }: NodeInfo): object {
  return { ...info, severalShards: shards > 1, cipher: preferredCipher(info), node: process.version, platform: process.platform, arch: process.arch };
}

/** What two nodes like this one would agree on. */
function preferredCipher(info: Pick<NodeInfo, 'features'>): string {
  return info.features.includes('aes-256-gcm') ? 'aes-256-gcm' : 'chacha20-poly1305';
}

function describe(info: NodeInfo): string {
  const has = (feature: NodeInfo['features'][number]) => (info.features.includes(feature) ? 'yes' : 'no');
  const rows = [
    ['version', `osier ${info.version}, Node ${process.version}, ${process.platform} ${process.arch}`],
    ['engine', info.engine],
    ['GSO', has('gso')],
    ['GRO', has('gro')],
    ['sendmmsg, recvmmsg', has('mmsg')],
    ['shards', info.shards > 1 ? 'as many as asked for' : 'one at most'],
    ['cipher', preferredCipher(info)],
    ['receive buffer', formatBytes(info.receiveBufferBytes)],
    ['send buffer', formatBytes(info.sendBufferBytes)],
    ...info.reasons.map((reason, index) => [index === 0 ? 'why' : '', reason]),
  ];
  return rows.map(([name = '', value = '']) => `${name.padEnd(20)}${value}`).join('\n');
}
