// What is measured within one process. Each task proves once that it does what it says, and compares as it goes where that costs little.
import assert from 'node:assert/strict';

/** @typedef {{ run: () => unknown, isAsync?: boolean, close?: () => Promise<void> }} Task */

/** By name; what a task needs is loaded when it is made.
 * @type {Readonly<Record<string, () => Promise<Task>>>} */
export const TASKS = {
  'osier-parse-address': async () => {
    const { formatAddress, parseAddress } = await import('../../dist/index.js');
    const text = await exampleAddress();
    assert.equal(formatAddress(parseAddress(text)), text);
    return { run: () => parseAddress(text) };
  },
  'osier-format-address': async () => {
    const { formatAddress, parseAddress } = await import('../../dist/index.js');
    const address = parseAddress(await exampleAddress());
    assert.deepEqual(parseAddress(formatAddress(address)), address);
    return { run: () => formatAddress(address) };
  },
  url: async () => {
    // It knows no second host.
    const text = (await exampleAddress()).split(',')[0] ?? '';
    assert.equal(new URL(text).port, '7400');
    return { run: () => new URL(text) };
  },
  'osier-parse-id': async () => {
    const { parseNodeId } = await import('../../dist/index.js');
    const text = (await exampleId()).toUpperCase();
    assert.equal(parseNodeId(text), text.toLowerCase());
    return { run: () => parseNodeId(text) };
  },
  'osier-encode-id': async () => {
    const { encodeBase32, decodeBase32 } = await import('../../dist/identity/base32.js');
    const key = Buffer.alloc(32, 'key');
    assert.deepEqual(decodeBase32(encodeBase32(key), key.length), new Uint8Array(key));
    return { run: () => encodeBase32(key) };
  },
  'osier-decode-id': async () => {
    const { encodeBase32, decodeBase32 } = await import('../../dist/identity/base32.js');
    const text = encodeBase32(Buffer.alloc(32, 'key'));
    assert.equal(encodeBase32(decodeBase32(text, 32) ?? new Uint8Array()), text);
    return { run: () => decodeBase32(text, 32) };
  },
  'hex-encode': async () => {
    const key = Buffer.alloc(32, 'key');
    return { run: () => key.toString('hex') };
  },
  'osier-encode-request': async () => {
    const { decodeRequest, encodeRequest } = await import('../../dist/handshake/payload.js');
    const request = await exampleRequest();
    assert.deepEqual(decodeRequest(encodeRequest(request, PADDED_BYTES)), request);
    return { run: () => encodeRequest(request, PADDED_BYTES) };
  },
  'osier-decode-request': async () => {
    const { decodeRequest, encodeRequest } = await import('../../dist/handshake/payload.js');
    const request = await exampleRequest();
    const payload = encodeRequest(request, PADDED_BYTES);
    assert.deepEqual(decodeRequest(payload), request);
    return { run: () => decodeRequest(payload) };
  },
  'json-encode': async () => {
    const request = { ...(await exampleRequest()), firstPacketNumber: '1', timestampMicros: '1' };
    return { run: () => Buffer.from(JSON.stringify(request)) };
  },
  'osier-handshake': async () => (await import('./handshake-tasks.mjs')).ikHandshake(),
  'osier-join': async () => (await import('./handshake-tasks.mjs')).xxHandshake(),
  x25519: async () => (await import('./handshake-tasks.mjs')).fourAgreements(),
  'osier-write-read': async () => (await import('./stream-tasks.mjs')).osierBytes(),
  'tcp-write-read': async () => (await import('./stream-tasks.mjs')).tcpBytes(),
  'osier-message': async () => (await import('./stream-tasks.mjs')).osierMessage(),
};

/** Of a message 1 whose packet fills the smallest MTU. */
const PADDED_BYTES = 1_000;

async function exampleId() {
  const { generateIdentity } = await import('../../dist/index.js');
  return (await generateIdentity()).id;
}

async function exampleAddress() {
  return `osier://${await exampleId()}@192.0.2.1:7400,[2001:db8::1]:7400`;
}

/** @returns {Promise<import('../../dist/handshake/payload.js').Request>} */
async function exampleRequest() {
  return {
    id: await exampleId(),
    instance: '00112233445566778899aabbccddeeff',
    token: '0011223344556677',
    senderIndex: 7,
    versions: [1],
    features: 0,
    firstPacketNumber: 1n,
    credit: { maxData: 1 << 24, maxStreamData: 1 << 20, maxStreams: 1_024 },
    timestampMicros: 1_700_000_000_000_000n,
    ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
  };
}
