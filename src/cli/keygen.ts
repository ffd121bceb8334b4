/** `osier keygen`: a key file, or a network secret. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { formatNetworkSecret } from '../identity/index.js';
import { generateIdentity, generateNetworkSecret } from '../index.js';
import { CommandError, ExitCode } from './exit-codes.js';
import type { Terminal } from './terminal.js';

const DEFAULT_KEY_FILE = 'osier.key';

/** Adds the command. */
export function addKeygen(program: Command, terminal: () => Terminal): void {
  program
    .command('keygen')
    .description('make a key file and print its id, or make a network secret')
    .argument('[file]', `where to write; must not exist (default: ${DEFAULT_KEY_FILE}, and for a secret the terminal)`)
    .option('--network', 'make a network secret instead')
    .action((file: string | undefined, options: { network?: boolean }) =>
      options.network ? keygenNetwork(file, terminal()) : keygen(file, terminal()),
    );
}

async function keygen(file: string = DEFAULT_KEY_FILE, terminal: Terminal): Promise<void> {
  const identity = await generateIdentity();
  await identity.save(file);
  terminal.result({ id: identity.id, file }, identity.id);
  terminal.note(`The private key is in ${file}: keep it to yourself.`);
}

async function keygenNetwork(file: string | undefined, terminal: Terminal): Promise<void> {
  const secret = formatNetworkSecret(generateNetworkSecret());
  if (file === undefined) {
    terminal.result({ secret }, secret);
    return;
  }
  await writeFile(file, `${secret}\n`, { flag: 'wx', mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST') throw cause;
    throw new CommandError('ERR_CLI_EXISTS', ExitCode.local, `${file} exists already; choose another name or remove it.`, { cause });
  });
  terminal.result({ file }, `The network secret is in ${file}: give it to every member, and to nobody else.`);
}
