import { expect, test, vi } from 'vitest';
import type { NodeId } from '../../../src/identity/index.js';
import { NodeLog } from '../../../src/observe/node-log.js';

const id = 'a'.repeat(52) as NodeId;

test('a logger hears what is written at its level', () => {
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const log = new NodeLog(id, logger);
  log.write('warn', { code: 1 }, 'careful');
  expect(logger.warn).toHaveBeenCalledExactlyOnceWith({ code: 1 }, 'careful');
  expect(logger.info).not.toHaveBeenCalled();
  expect(log.isRead).toBe(true);
});

test('without a logger and NODE_DEBUG nobody reads it, and writing is harmless', () => {
  const log = new NodeLog(id, null);
  expect(log.isRead).toBe(false);
  log.write('info', {}, 'unheard');
});

test('what a logger throws surfaces by itself and does not reach the caller', async () => {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
  const failure = new Error('the logger failed');
  const throwing = (): never => {
    throw failure;
  };
  new NodeLog(id, { debug: throwing, info: throwing, warn: throwing, error: throwing }).write('info', {}, 'x');
  expect(await uncaught).toBe(failure);
  for (const listener of listeners) process.on('uncaughtException', listener);
});
