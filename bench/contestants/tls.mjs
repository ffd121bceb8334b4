// TLS 1.3 over TCP through node:tls, with a certificate that the other end pins. A connection a stream.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTo, createServer } from 'node:tls';
import { HOST } from './host.mjs';
import { asStream } from './node-stream.mjs';

const CIPHERS = { 'chacha20-poly1305': 'TLS_CHACHA20_POLY1305_SHA256', 'aes-256-gcm': 'TLS_AES_256_GCM_SHA384', auto: 'TLS_AES_256_GCM_SHA384' };

/** @param {Record<string, string>} options @returns {import('./link.mjs').Contestant} */
export function contestant({ cipher = 'auto', host = HOST }) {
  const ciphers = CIPHERS[/** @type {keyof typeof CIPHERS} */ (cipher)];
  const tls = /** @type {const} */ ({ minVersion: 'TLSv1.3', ciphers, highWaterMark: 1 << 20, allowHalfOpen: true });
  let accepted = 0;
  return {
    name: 'tls',
    settings: `${ciphers}, no delay, high-water mark 1 MiB`,
    isEncrypted: true,
    async listen(onStream) {
      const { key, cert } = selfSigned();
      const server = createServer({ ...tls, key, cert }, (socket) => {
        accepted++;
        socket.setNoDelay(true);
        onStream(asStream(socket));
      });
      server.listen(0, host);
      await once(server, 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      return `${host} ${port} ${Buffer.from(cert).toString('base64url')}`;
    },
    accepted: () => accepted,
    dialer: async (address) => ({
      async dial() {
        const socket = await dial(address);
        return {
          // Not cut short: the other end has yet to read the last of the handshake.
          close: () => {
            socket.end();
          },
        };
      },
    }),
    async connect(address) {
      /** @type {import('node:tls').TLSSocket[]} */
      const sockets = [];
      return {
        async openStream() {
          const socket = await dial(address);
          sockets.push(socket);
          return asStream(socket);
        },
        close: () => {
          for (const socket of sockets) socket.destroy();
        },
      };
    },
  };

  /** @param {string} address */
  async function dial(address) {
    const [to = '', port = '', cert = ''] = address.split(' ');
    const ca = Buffer.from(cert, 'base64url');
    const options = { ...tls, host: to, port: Number(port), ca, checkServerIdentity: () => undefined };
    const socket = connectTo(/** @type {import('node:tls').ConnectionOptions} */ (options));
    socket.setNoDelay(true);
    await once(socket, 'secureConnect');
    return socket;
  }
}

function selfSigned() {
  const folder = mkdtempSync(join(tmpdir(), 'osier-bench-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=bench', '-days', '2'];
    execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
