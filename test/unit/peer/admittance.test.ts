import { expect, test } from 'vitest';
import type { MeshNodeOptions } from '../../../src/api/node.js';
import type { NodeId } from '../../../src/identity/index.js';
import { Admittance, type Refusal } from '../../../src/peer/admittance.js';
import type { PeerContext } from '../../../src/peer/context.js';
import { RareWarnings } from '../../../src/peer/rare-warnings.js';
import { ManualRuntime, settle } from '../support/manual-runtime.js';

const CALLER = 'caller' as NodeId;
/** Of an address of IPv4. */
const PATH = new Uint8Array(48).fill(4, 0, 8);

function admittance(accept: MeshNodeOptions['accept'], warned: string[] = []): Admittance {
  const runtime = new ManualRuntime();
  const context: Partial<PeerContext> = {
    runtime,
    sockets: [],
    revocationOf: () => null,
    warn: (error) => warned.push(error.code),
    onFault: (cause) => warned.push(`${cause}`),
  };
  return new Admittance(context as PeerContext, accept, new RareWarnings(context as PeerContext));
}

test('a policy that does not answer is asked about a bounded number of callers; those beyond it hear that a limit is reached', () => {
  let asked = 0;
  const slow = admittance(() => {
    asked++;
    return new Promise(() => {});
  });
  const told: Refusal[] = [];
  for (let count = 0; count < 1_100; count++) slow.decide(CALLER, PATH, (refusal) => told.push(refusal));
  expect(asked).toBe(1_024);
  expect(told).toEqual(Array(76).fill('limit'));
});

test('who waits for the policy when the node closes is told then, once, whatever the policy answers later', async () => {
  const answers: ((admitted: boolean) => void)[] = [];
  const slow = admittance(() => new Promise((resolve) => answers.push(resolve)));
  const told: Refusal[] = [];
  for (let count = 0; count < 3; count++) slow.decide(CALLER, PATH, (refusal) => told.push(refusal));
  answers[0]?.(true);
  await settle();
  slow.close();
  expect(told).toEqual([null, 'policy', 'policy']);
  answers[1]?.(true);
  await settle();
  expect(told).toHaveLength(3);
});

test('a policy that throws for everybody refuses everybody and warns once', async () => {
  const warned: string[] = [];
  const throwing = admittance(() => {
    throw new Error('no database');
  }, warned);
  const told: Refusal[] = [];
  for (let count = 0; count < 50; count++) throwing.decide(CALLER, PATH, (refusal) => told.push(refusal));
  await settle();
  expect([told.length, new Set(told)]).toEqual([50, new Set(['policy'])]);
  expect(warned).toEqual(['ERR_OSIER_INVALID_OPTION']);
});
