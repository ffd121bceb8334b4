import { expect, test } from 'vitest';
import { Terminal } from '../../../src/cli/terminal.js';

class Sink {
  text = '';
  readonly columns = 40;
  constructor(readonly isTTY: boolean) {}
  write(text: string): void {
    this.text += text;
  }
}

function terminal(json: boolean, isTTY: boolean) {
  const [out, err] = [new Sink(isTTY), new Sink(isTTY)];
  return { out, err, terminal: new Terminal(json, out, err) };
}

test('with --json a result is one object on one line, with bigints as numbers, and notes are silent', () => {
  const { out, err, terminal: json } = terminal(true, true);
  json.note('for a person');
  json.progress(() => '50 %');
  json.result({ bytes: 5n }, 'five');
  expect(out.text).toBe('{"bytes":5}\n');
  expect(err.text).toBe('');
});

test('with --json an error is one object on stderr', () => {
  const { err, terminal: json } = terminal(true, false);
  json.failure({ code: 'ERR_X', message: 'no', exitCode: 4 });
  expect(JSON.parse(err.text)).toEqual({ error: { code: 'ERR_X', message: 'no', exitCode: 4 } });
});

test('progress is drawn on a terminal only', () => {
  const { err, terminal: piped } = terminal(false, false);
  piped.progress(() => '50 %');
  expect(err.text).toBe('');
});

test('progress fits in one line and is gone before a result', () => {
  const { out, err, terminal: person } = terminal(false, true);
  person.progress((width) => 'x'.repeat(width));
  expect(err.text).toBe(`\r\x1b[2K${'x'.repeat(39)}`);
  person.result({}, 'done');
  expect(err.text.endsWith('\r\x1b[2K')).toBe(true);
  expect(out.text).toBe('done\n');
});
