import { describe, expect, it } from 'vitest';
import { CallerLedger } from '../../../src/handshake/caller-ledger.js';
import { type OpenCall, OpenCalls } from '../../../src/handshake/open-calls.js';
import { IDENTITIES_REMEMBERED, UNCONFIRMED_MAX, UNCONFIRMED_MS } from '../../../src/handshake/tuning.js';
import type { NodeId } from '../../../src/identity/index.js';

const idOf = (number: number): NodeId => `id ${number}` as NodeId;
const openCall = (takenAtMs: number): OpenCall => ({ caller: idOf(1), timestampMicros: 1n, takenAtMs, answer: null, localIndex: null });

describe('what strangers make a node remember', () => {
  it('is bounded: the identity that was silent longest is forgotten, and then a stranger like any other', () => {
    const ledger = new CallerLedger();
    ledger.confirm(idOf(0), 1_000n, 0);
    for (let other = 1; other < IDENTITIES_REMEMBERED; other++) ledger.admits(idOf(other), 1n, 0);
    expect(ledger.admits(idOf(0), 1_000n, 0)).toBe(true);
    expect(ledger.admits(idOf(0), 1_000n, 0)).toBe(false);
    for (let other = 1; other <= IDENTITIES_REMEMBERED; other++) ledger.admits(idOf(other), 1n, 0);
    expect(ledger.admits(idOf(0), 1_000n, 0)).toBe(true);
    expect(ledger.admits(idOf(0), 1_000n, 0)).toBe(true);
  });

  it('keeps whoever called of late', () => {
    const ledger = new CallerLedger();
    ledger.confirm(idOf(0), 1_000n, 0);
    for (let other = 1; other < 2 * IDENTITIES_REMEMBERED; other++) {
      ledger.admits(idOf(other), 1n, other);
      if (other % 1_000 === 0) ledger.admits(idOf(0), 1_000n, other);
    }
    expect(ledger.admits(idOf(0), 1_000n, 9 * IDENTITIES_REMEMBERED)).toBe(true);
    expect(ledger.admits(idOf(0), 1_000n, 9 * IDENTITIES_REMEMBERED)).toBe(false);
  });

  it('holds a bounded number of answers, the newest ones', () => {
    const calls = new OpenCalls();
    for (let number = 0; number <= UNCONFIRMED_MAX; number++) {
      const call = openCall(0);
      calls.add(`digest ${number}`, call);
      calls.settle(`digest ${number}`, call, new Uint8Array(1), number + 1);
    }
    expect(calls.find('digest 0', 0)).toBeNull();
    expect(calls.take(1)).toBeNull();
    expect(calls.find('digest 1', 0)).not.toBeNull();
    expect(calls.take(2)).not.toBeNull();
  });

  it('is forgotten in time', () => {
    const calls = new OpenCalls();
    calls.add('old', openCall(0));
    calls.add('new', openCall(UNCONFIRMED_MS - 1));
    expect(calls.find('old', UNCONFIRMED_MS - 1)).not.toBeNull();
    expect(calls.find('old', UNCONFIRMED_MS)).toBeNull();
    expect(calls.find('new', UNCONFIRMED_MS)).not.toBeNull();
  });

  it('answers late for a call that is forgotten without keeping it', () => {
    const calls = new OpenCalls();
    const call = openCall(0);
    calls.add('late', call);
    calls.find('late', UNCONFIRMED_MS);
    calls.add('late', openCall(UNCONFIRMED_MS));
    calls.settle('late', call, new Uint8Array(1), 5);
    expect(calls.take(5)).toBeNull();
    expect(calls.find('late', UNCONFIRMED_MS)?.answer).toBeNull();
  });
});
