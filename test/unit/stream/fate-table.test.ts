import { expect, test } from 'vitest';
import { FateTable } from '../../../src/stream/fate-table.js';
import { resetHere } from '../../../src/stream/stream-errors.js';

test('a token is used again only after its fate is known', () => {
  const fates = new FateTable(4);
  const tokens = (count: number): number[] => Array.from({ length: count }, () => fates.expect().token);
  expect(tokens(3)).toEqual([0, 1, 2]);
  fates.settle(1, { status: 'delivered' });
  expect(tokens(2)).toEqual([3, 1]);
  fates.forget(0);
  expect(tokens(1)).toEqual([0]);
});

test('each message has exactly one outcome: the first', async () => {
  const fates = new FateTable();
  const [told, untold] = [fates.expect(), fates.expect()];
  fates.settle(told.token, { status: 'expired' });
  fates.settle(told.token, { status: 'delivered' });
  const error = resetHere(1);
  fates.settleAll(error);
  fates.settle(untold.token, { status: 'delivered' });
  expect(await told.outcome).toEqual({ status: 'expired' });
  expect(await untold.outcome).toEqual({ status: 'unknown', error });
});
