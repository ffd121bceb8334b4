import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { EventKind, RECORD_WORDS } from '../../../src/engine/events.js';

const source = readFileSync(new URL('../../../native/addon/src/event_record.rs', import.meta.url), 'utf8');

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

it('the addon writes the record kinds that TypeScript reads', () => {
  const kinds = [...source.matchAll(/^const ([A-Z_]+): u32 = (\d+);/gm)].map(([, name = '', number]) => [camelCase(name), Number(number)]);
  expect(Object.fromEntries(kinds)).toEqual(EventKind);
});

it('both sides agree on the length of a record', () => {
  expect(source).toContain(`const RECORD_WORDS: usize = ${RECORD_WORDS};`);
});
