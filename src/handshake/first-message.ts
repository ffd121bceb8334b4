/**
 * What is done with the Noise part of a message 1 at its receiver, apart from what it decides: mathematics that any thread can do. A thread other than the
 * node's packs the state that it comes to, and the agreements of message 2 beforehand, so that hashes are all that is left to do for both.
 */
import type { ExchangeKeys } from '../identity/index.js';
import { HandshakeFault, orFault } from './fault.js';
import { ikResponder, type NoiseHandshake, responderAround, wipedOnFault, xxResponder } from './noise.js';
import { CopyableState, type StateOptions } from './noise-state.js';

/** A message 1 that nobody has read, and what it is read with beside the node's own keys. */
export interface FirstMessage {
  readonly pattern: 'IK' | 'XXpsk0';
  readonly prologue: Uint8Array;
  /** Of XXpsk0 alone. */ readonly psk: Uint8Array | null;
  /** 32 fresh random bytes; taken over and wiped. */ readonly ephemeralSecret: Uint8Array;
  /** The Noise message. */ readonly message: Uint8Array;
}

/** A message 1 that was taken and not read. */
export interface UnreadMessage<Received> {
  readonly status: 'unread';
  readonly first: FirstMessage;
  /** What it comes to, by what reading it gave. To be called once, however late. */ finish(opened: OpenedMessage | HandshakeFault): Received;
}

/** A message 1 that is authentic. */
export interface OpenedMessage {
  /** The state after it. */ readonly noise: NoiseHandshake;
  readonly payload: Uint8Array;
}

/** Reads a message 1 on this thread. */
export function openHere(first: FirstMessage, localStatic: ExchangeKeys): OpenedMessage | HandshakeFault {
  const { pattern, prologue, psk, ephemeralSecret } = first;
  const options = { prologue, localStatic, ephemeralSecret };
  const noise = pattern === 'XXpsk0' && psk !== null ? xxResponder({ ...options, psk }) : ikResponder(options);
  return orFault(() => wipedOnFault(noise, () => ({ noise, payload: noise.readMessage(first.message) })));
}

/** Reads a message 1 for another thread: bytes for {@link openSolved}; `null` when it does not decrypt. */
export function solve(first: FirstMessage, localStatic: ExchangeKeys): Uint8Array | null {
  const { pattern, prologue, psk, ephemeralSecret } = first;
  const options: StateOptions = psk === null ? { prologue, localStatic, ephemeralSecret } : { prologue, localStatic, ephemeralSecret, psk };
  const state = CopyableState.start(pattern, false, options);
  let payload: Uint8Array;
  try {
    payload = state.recv(Uint8Array.from(first.message));
  } catch {
    state.wipe();
    return null;
  }
  return state.pack(payload);
}

/** What another thread's {@link solve} made of `first`; its bytes are taken over. */
export function openSolved(
  { pattern, psk }: Pick<FirstMessage, 'pattern' | 'psk'>,
  localStatic: ExchangeKeys,
  solved: Uint8Array | null,
): OpenedMessage | HandshakeFault {
  if (solved === null) return new HandshakeFault('unauthentic', 'The Noise message does not decrypt');
  const { state, rest } = CopyableState.unpack(pattern, localStatic, psk ?? undefined, solved);
  return { noise: responderAround(state), payload: rest };
}
