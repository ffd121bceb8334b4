import { expect, onTestFinished, test } from 'vitest';
import type { DiagnosticsPayloads } from '../../../src/api/observing.js';
import type { NodeId } from '../../../src/identity/index.js';
import { onDiagnostics } from '../../../src/observe/diagnostics.js';
import { Observer } from '../../../src/observe/observer.js';
import { ManualRuntime } from '../support/manual-runtime.js';

const [id, peer] = ['a'.repeat(52) as NodeId, 'b'.repeat(52) as NodeId];

function start(): { observer: Observer; runtime: ManualRuntime; handshakes: DiagnosticsPayloads['osier:handshake'][] } {
  const runtime = new ManualRuntime();
  const observer = new Observer({ id, runtime, logger: null, tracing: null, warn: () => {}, environment: {} });
  const handshakes: DiagnosticsPayloads['osier:handshake'][] = [];
  const subscription = onDiagnostics('osier:handshake', (payload) => handshakes.push(payload));
  onTestFinished(() => subscription[Symbol.dispose]());
  return { observer, runtime, handshakes };
}

test('an answered handshake lasts from its call to its confirmation, and is told of once', async () => {
  const { observer, runtime, handshakes } = start();
  observer.onAnswered(5, { peer, calledAtMs: 0 });
  await runtime.advance(30);
  observer.onAnswerConfirmed(6);
  observer.onAnswerConfirmed(5);
  observer.onAnswerDropped(5);
  expect(handshakes).toEqual([{ peer, role: 'responder', durationMs: 30, error: null }]);
});

test('an answered handshake that is never confirmed has failed', async () => {
  const { observer, runtime, handshakes } = start();
  observer.onAnswered(5, { peer, calledAtMs: 0 });
  await runtime.advance(15_000);
  observer.onAnswerDropped(5);
  expect(handshakes).toMatchObject([{ peer, role: 'responder', error: { code: 'ERR_OSIER_TIMEOUT', details: { timeoutMs: 15_000 } } }]);
});

test('of callers that never come back only so many are remembered', () => {
  const { observer, handshakes } = start();
  for (let index = 1; index <= 1_025; index++) observer.onAnswered(index, { peer, calledAtMs: 0 });
  observer.onAnswerConfirmed(1);
  expect(handshakes).toEqual([]);
  observer.onAnswerConfirmed(2);
  expect(handshakes).toHaveLength(1);
});
