/** Options that all commands with a node share: who it is, and in which network. */
import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { formatNetworkSecret } from '../identity/index.js';
import { generateIdentity, generateNetworkSecret, loadIdentity, MeshNode, type MeshNodeOptions } from '../index.js';
import { CommandError, cannotOpen, ExitCode } from './exit-codes.js';

/** What {@link addNodeOptions} makes of the command line. */
export interface NodeFlags {
  readonly identity?: string | undefined;
  readonly secret?: string | undefined;
  readonly secretFile?: string | undefined;
}

/** Adds `--identity`, `--secret` and `--secret-file`. */
export function addNodeOptions(command: Command): Command {
  return command
    .addOption(new Option('--identity <file>', 'key file of this node (default: a new identity for this command alone)'))
    .addOption(
      new Option('--secret <text>', 'network secret; other users can see it in the process list').env('OSIER_SECRET').conflicts('secretFile'),
    )
    .addOption(new Option('--secret-file <file>', 'file that holds the network secret'));
}

/** The network secret that was given, as text. */
export async function readSecret(flags: NodeFlags): Promise<string | null> {
  const text = flags.secretFile === undefined ? flags.secret : await readText(flags.secretFile);
  return text === undefined ? null : text.trim();
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw cannotOpen(file, cause);
  });
}

/** The network secret, which this command cannot make up. */
export async function requireSecret(flags: NodeFlags): Promise<string> {
  const secret = await readSecret(flags);
  if (secret !== null) return secret;
  throw new CommandError(
    'ERR_CLI_NO_SECRET',
    ExitCode.usage,
    'a network secret is needed: set OSIER_SECRET or give --secret-file FILE; "osier listen" shows the one that it made up.',
  );
}

/** A network secret for one command, as text. */
export function makeUpSecret(): string {
  return formatNetworkSecret(generateNetworkSecret());
}

/** Starts the node of a command. */
export async function startNode(flags: NodeFlags, secret: string, options: Partial<MeshNodeOptions> = {}): Promise<MeshNode> {
  const identity = flags.identity === undefined ? await generateIdentity() : await loadIdentity(flags.identity);
  return MeshNode.create({ identity, network: { secret }, ...options });
}
