/** `osier id`: the id in a key file. */
import type { Command } from 'commander';
import { loadIdentity } from '../index.js';
import type { Terminal } from './terminal.js';

/** Adds the command. */
export function addId(program: Command, terminal: () => Terminal): void {
  program
    .command('id')
    .description('print the id of a key file')
    .argument('<file>', 'key file')
    .action(async (file: string) => {
      const { id } = await loadIdentity(file);
      terminal().result({ id, file }, id);
    });
}
