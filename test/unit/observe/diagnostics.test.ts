import { channel } from 'node:diagnostics_channel';
import { expect, onTestFinished, test } from 'vitest';
import type { StreamInfo } from '../../../src/api/observing.js';
import type { NodeId } from '../../../src/identity/index.js';
import { onDiagnostics, publish } from '../../../src/observe/diagnostics.js';

const info: StreamInfo = { protocol: 'echo', kind: 'bytes', peer: 'a'.repeat(52) as NodeId, side: 'opener' };

test('a listener hears of its channel until it is disposed of, once or twice', () => {
  const heard: StreamInfo[] = [];
  const subscription = onDiagnostics('osier:stream:open', (payload) => heard.push(payload));
  publish('osier:stream:open', () => info);
  publish('osier:peer:state', () => ({ peer: info.peer, state: { status: 'idle' } }));
  subscription[Symbol.dispose]();
  subscription[Symbol.dispose]();
  publish('osier:stream:open', () => info);
  expect(heard).toEqual([info]);
});

test('nothing is built for a channel without a subscriber', () => {
  let built = 0;
  const build = (): StreamInfo => {
    built++;
    return info;
  };
  publish('osier:stream:open', build);
  expect(built).toBe(0);
  const listener = (): void => {};
  channel('osier:stream:open').subscribe(listener);
  onTestFinished(() => void channel('osier:stream:open').unsubscribe(listener));
  publish('osier:stream:open', build);
  expect(built).toBe(1);
});

test.each([
  ['osier:nothing', () => {}, 'name'],
  ['toString', () => {}, 'name'],
  ['osier:path', null, 'listener'],
])('cannot subscribe to %s with %o', (name, listener, option) => {
  expect(() => onDiagnostics(name as 'osier:path', listener as () => void)).toThrow(expect.objectContaining({ details: { option } }));
});
