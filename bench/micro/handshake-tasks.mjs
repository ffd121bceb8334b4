// The cryptography of a handshake, both ends of it.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, randomBytes } from 'node:crypto';
import { ikInitiator, ikResponder, xxInitiator, xxResponder } from '../../dist/handshake/noise.js';
import { exchangePublicKeyOfSecret } from '../../dist/identity/sodium.js';

const PAYLOAD = Buffer.alloc(200, 'payload');
/** Agreements that each end of IK makes. */
const AGREEMENTS = 4;

/** @returns {import('./tasks.mjs').Task} */
export function ikHandshake() {
  const [ours, theirs] = [staticKeys(), staticKeys()];
  const run = () => {
    const initiator = ikInitiator({ prologue: PAYLOAD, localStatic: ours, ephemeralSecret: randomBytes(32), remoteStatic: theirs.publicKey });
    const responder = ikResponder({ prologue: PAYLOAD, localStatic: theirs, ephemeralSecret: randomBytes(32) });
    responder.readMessage(initiator.writeMessage(PAYLOAD));
    initiator.readMessage(responder.writeMessage(PAYLOAD));
    return [initiator.split(), responder.split()];
  };
  const [one, other] = run();
  assert.deepEqual(one, other);
  return { run };
}

/** @returns {import('./tasks.mjs').Task} */
export function xxHandshake() {
  const [ours, theirs, psk] = [staticKeys(), staticKeys(), randomBytes(32)];
  const run = () => {
    const initiator = xxInitiator({ prologue: PAYLOAD, localStatic: ours, ephemeralSecret: randomBytes(32), psk });
    const responder = xxResponder({ prologue: PAYLOAD, localStatic: theirs, ephemeralSecret: randomBytes(32), psk });
    responder.readMessage(initiator.writeMessage(PAYLOAD));
    initiator.readMessage(responder.writeMessage(PAYLOAD));
    responder.readMessage(initiator.writeMessage(PAYLOAD));
    return [initiator.split(), responder.split()];
  };
  const [one, other] = run();
  assert.deepEqual(one, other);
  return { run };
}

/** What OpenSSL takes for the agreements of both ends of IK, and nothing else of it.
 * @returns {import('./tasks.mjs').Task} */
export function fourAgreements() {
  const [ours, theirs] = [generateKeyPairSync('x25519'), generateKeyPairSync('x25519')];
  const privateKey = createPrivateKey(ours.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const publicKey = createPublicKey(theirs.publicKey.export({ format: 'pem', type: 'spki' }));
  const other = { privateKey: theirs.privateKey, publicKey: ours.publicKey };
  assert.deepEqual(diffieHellman({ privateKey, publicKey }), diffieHellman(other));
  return {
    run: () => {
      for (let count = 0; count < 2 * AGREEMENTS; count++) diffieHellman({ privateKey, publicKey });
    },
  };
}

function staticKeys() {
  const secretKey = randomBytes(32);
  return { secretKey, publicKey: exchangePublicKeyOfSecret(secretKey) };
}
