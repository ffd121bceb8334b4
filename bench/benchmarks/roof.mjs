// The roof as a contestant: bare UDP that moves and compares the same bytes without a protocol.
import { roofProgram } from '../lib/native-programs.mjs';
import { measureRoof } from '../workloads/roof.mjs';

/** @typedef {import('../workloads/roof.mjs').RoofShape} RoofShape @typedef {import('../lib/benchmark.mjs').Contestant} Contestant */

const CIPHER_NAMES = { 'chacha20-poly1305': 'ChaCha20', 'aes-256-gcm': 'AES', none: 'no AEAD' };

/** @param {RoofShape['cipher']} cipher @param {number} packetBytes @param {RoofShape['trains']} [trains] @returns {Contestant} */
export function roof(cipher, packetBytes, trains = 'trains') {
  const [cipherName, hasTrains] = [CIPHER_NAMES[cipher], trains === 'trains'];
  return {
    id: `roof-${cipherName.replace(' ', '-')}-${packetBytes}${hasTrains ? '' : '-no-gso'}`,
    label: `roof, ${cipherName}, ${packetBytes} B packets${hasTrains ? '' : ', no GSO or GRO'}`,
    run: async (context) => {
      const { gbitPerSecond } = await measureRoof({ command: roofProgram(), packetBytes, cipher, trains, ...context });
      const settings = `bare UDP ${hasTrains ? 'with GSO and GRO' : 'by sendmmsg and recvmmsg'}, no protocol`;
      return { value: gbitPerSecond, settings, details: {} };
    },
  };
}
