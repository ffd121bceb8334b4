// Who takes part: Osier as it is used, its peers, each at its best setting.
import { peerProgram } from '../lib/native-programs.mjs';

/** @typedef {import('../lib/ends.mjs').Entrant} Entrant */

/** @param {'aes-256-gcm' | 'chacha20-poly1305'} cipher @param {number} [packetBytes] Fixed; otherwise it is discovered. @returns {Entrant} */
export function osier(cipher, packetBytes) {
  const name = cipher === 'aes-256-gcm' ? 'AES' : 'ChaCha20';
  return {
    id: packetBytes === undefined ? `osier-${name}` : `osier-${name}-${packetBytes}`,
    label: `Osier, ${name}${packetBytes === undefined ? '' : `, ${packetBytes} B packets`}`,
    by: { module: 'osier', options: { cipher } },
    ...(packetBytes === undefined ? {} : { env: { OSIER_MTU: String(packetBytes) } }),
  };
}

/** @param {'aes-256-gcm' | 'chacha20-poly1305'} cipher @param {number} packetBytes @returns {Entrant} */
export function quinn(cipher, packetBytes) {
  const name = cipher === 'aes-256-gcm' ? 'AES' : 'ChaCha20';
  return {
    id: `quinn-${name}-${packetBytes}`,
    label: `quinn (Rust), ${name}, ${packetBytes} B packets`,
    by: { program: () => peerProgram('quinn') },
    plan: { cipher, packetBytes },
  };
}

/** @type {() => Entrant} */
export const s2n = () => ({ id: 's2n-quic', label: 's2n-quic (Rust), MTU 1500', by: { program: () => peerProgram('s2n') } });

/** Peers that a Node program can install.
 * @type {Readonly<Record<string, Entrant>>} */
export const NODE_PEERS = {
  udx: { id: 'udx', label: 'udx-native + secret-stream', by: { module: 'udx' } },
  udxPlain: { id: 'udx-plain', label: 'udx-native, not encrypted', by: { module: 'udx', options: { plain: '1' } } },
  libp2p: { id: 'libp2p-quic', label: 'libp2p-quic', by: { module: 'libp2p-quic' } },
  libp2pLarge: { id: 'libp2p-quic-64k', label: 'libp2p-quic, 64 KiB reads', by: { module: 'libp2p-quic', options: { readBytes: '65536' } } },
  iroh: { id: 'iroh', label: 'iroh', by: { module: 'iroh' } },
  tcp: { id: 'tcp', label: 'TCP of Node, not encrypted', by: { module: 'tcp' } },
  tls: { id: 'tls', label: 'TLS of Node', by: { module: 'tls' } },
};

/** A contestant of a benchmark; those in Rust take minutes to build.
 * @param {Entrant} entrant @param {import('../lib/benchmark.mjs').Contestant['run']} run @returns {import('../lib/benchmark.mjs').Contestant} */
export function contestantOf(entrant, run) {
  return { id: entrant.id, label: entrant.label, needsBuild: 'program' in entrant.by, run };
}
