import { expect, test, vi } from 'vitest';
import { Dispatcher } from '../../../src/engine/dispatch.js';
import { EventKind } from '../../../src/engine/events.js';
import { Flusher } from '../../../src/engine/flusher.js';
import type { HandshakeResult } from '../../../src/handshake/index.js';
import { generateIdentity } from '../../../src/identity/index.js';
import type { PeerContext } from '../../../src/peer/context.js';
import type { MeshPeer } from '../../../src/peer/mesh-peer.js';
import { PeerConnection } from '../../../src/peer/peer-connection.js';
import { FakeEngine } from '../support/fake-engine.js';
import { ManualRuntime } from '../support/manual-runtime.js';
import { silentObserver } from '../support/silent-observer.js';

const [here, there] = [await generateIdentity(), await generateIdentity()];

function finished(role: HandshakeResult['role'], remoteToken: string, localIndex: number): HandshakeResult {
  const keys = { data: new Uint8Array(32), hopTag: new Uint8Array(16) };
  return {
    role,
    isConfirmed: role === 'initiator',
    verified: 'id',
    peer: there.id,
    remoteToken,
    remoteInstance: '1',
    localIndex,
    remoteIndex: 9,
    cipher: 'chacha20-poly1305',
    sendKeys: keys,
    receiveKeys: keys,
    firstSend: 0n,
    firstReceive: 0n,
    remoteCredit: { maxData: 1, maxStreamData: 1, maxStreams: 1 },
  };
}

test.each([false, true])('a dial begins anew when the association that it was to go on with ends; another is on trial: %s', (withCandidate) => {
  const dispatcher: Dispatcher = new Dispatcher({
    onHandshake: () => {},
    onRefusalHint: () => {},
    onEngineFailed: () => {},
    onFault: (error) => {
      throw error;
    },
  });
  const engine: FakeEngine = new FakeEngine(null, (records) => dispatcher.dispatch(engine, records));
  const flusher = new Flusher(
    () => {},
    () => true,
    () => {},
  );
  const part: Partial<PeerContext> = {
    id: here.id,
    runtime: new ManualRuntime(),
    engine,
    dispatcher,
    flusher,
    observer: silentObserver(),
    sockets: [],
    log: () => {},
    warn: () => {},
    onKnown: () => {},
    onSessionDropped: () => {},
  };
  const peer: Partial<MeshPeer> = { id: there.id, emit: () => true, forgetWhenUnused: () => {}, isDialing: true };
  const connection = new PeerConnection(part as PeerContext, peer as MeshPeer, { onConnected: () => {}, onLost: () => {} });
  const onStateEnded = vi.spyOn(connection.dialing, 'onStateEnded');
  connection.associations.install(finished('initiator', 'a', 1), new Uint8Array(48));
  if (withCandidate) connection.associations.install(finished('responder', 'b', 2), new Uint8Array(48));
  expect(onStateEnded).not.toHaveBeenCalled();
  engine.tell({ kind: EventKind.associationClosed, association: 1, a: 1, c: 30_000 });
  expect(onStateEnded).toHaveBeenCalledOnce();
});
