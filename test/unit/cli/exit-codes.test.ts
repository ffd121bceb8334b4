import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CommandError, describeFailure, ExitCode } from '../../../src/cli/exit-codes.js';
import { osierError } from '../../../src/errors/index.js';

test('an Osier error keeps its code and message and has the documented exit code', () => {
  const failure = describeFailure(osierError('ERR_OSIER_TIMEOUT', 'nobody answered; check the address', { timeoutMs: 1000, hints: [] }));
  expect(failure).toEqual({ code: 'ERR_OSIER_TIMEOUT', message: 'nobody answered; check the address', exitCode: ExitCode.unreachable });
});

test('an error of the file system is a fault of this machine', () => {
  const error = Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), { code: 'ENOENT' });
  expect(describeFailure(error).exitCode).toBe(ExitCode.local);
});

test('an unknown error is internal', () => {
  expect(describeFailure(new TypeError('x is not a function')).exitCode).toBe(ExitCode.internal);
  expect(describeFailure('thrown text')).toEqual({ code: 'ERR_INTERNAL', message: 'thrown text', exitCode: ExitCode.internal });
});

test('a message is one line', () => {
  expect(describeFailure(new CommandError('ERR_CLI_X', ExitCode.usage, 'first\n  second')).message).toBe('first second');
});

test('docs/cli.md names every exit code', () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  for (const code of Object.values(ExitCode)) expect(page).toContain(`\n| ${code} | `);
});
