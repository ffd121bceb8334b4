#!/usr/bin/env node
/** The `osier` command. */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../node/version.js';
import { addDemo } from './demo.js';
import { describeFailure, ExitCode, type Failure } from './exit-codes.js';
import { addId } from './id.js';
import { addInfo } from './info.js';
import { addKeygen } from './keygen.js';
import { addListen } from './listen.js';
import { addMesh } from './mesh.js';
import { addPerf } from './perf.js';
import { addPing } from './ping.js';
import { addSend } from './send.js';
import { Interrupted } from './signals.js';
import { addStat } from './stat.js';
import { Terminal } from './terminal.js';

process.exitCode = await run(process.argv);

/** Runs one command line and returns its exit code. */
async function run(argv: readonly string[]): Promise<number> {
  const program = new Command('osier');
  const terminal = () => new Terminal(program.opts<{ json?: boolean }>().json === true || argv.includes('--json'));
  program
    .description('an encrypted UDP mesh')
    .version(VERSION)
    .option('--json', 'print results and errors as JSON, one object a line')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .showHelpAfterError(false);
  for (const add of [addKeygen, addId, addListen, addSend, addPing, addPerf, addStat, addMesh, addInfo, addDemo]) add(program, terminal);
  for (const command of program.commands)
    command.copyInheritedSettings(program).option('--json', 'print results and errors as JSON, one object a line');
  try {
    await program.parseAsync(argv);
    return ExitCode.success;
  } catch (error) {
    return fail(error, program, terminal());
  }
}

/** Tells what went wrong, in one line, and returns the exit code. */
function fail(error: unknown, program: Command, terminal: Terminal): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (!(error instanceof CommanderError)) {
    const failure = describeFailure(error);
    terminal.failure(failure);
    return failure.exitCode;
  }
  if (error.exitCode === 0) return ExitCode.success;
  terminal.failure(usageFailure(error, program));
  return ExitCode.usage;
}

function usageFailure(error: CommanderError, program: Command): Failure {
  const isBare = error.code === 'commander.help';
  const message = isBare
    ? `no command was given; "${program.name()} --help" lists them.`
    : `${error.message.replace(/^error: /, '')}; see "osier --help".`;
  return { code: error.code, message, exitCode: ExitCode.usage };
}
