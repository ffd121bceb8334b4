/** `osier listen`: receives files, answers pings, takes the load of measurements, until it is interrupted. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ByteStream, HandlerContext, MeshNode } from '../index.js';
import { CommandError, describeFailure, ExitCode } from './exit-codes.js';
import { FILE_PROTOCOL } from './file-transfer/protocol.js';
import { NotStored, type ReceivedFile, receiveFile } from './file-transfer/receiver.js';
import { formatBytes, formatDuration, formatRate } from './format.js';
import { addNodeOptions, makeUpSecret, type NodeFlags, readSecret, startNode } from './node-options.js';
import { PERF_PROTOCOL } from './perf/protocol.js';
import { servePerf } from './perf/server.js';
import { untilInterrupted } from './signals.js';
import type { Terminal } from './terminal.js';

interface ListenFlags extends NodeFlags {
  readonly bind?: string[];
  readonly dir: string;
  readonly once?: boolean;
  readonly overwrite?: boolean;
}

/** Adds the command. */
export function addListen(program: Command, terminal: () => Terminal): void {
  addNodeOptions(program.command('listen'))
    .description('receive files that others send, and answer their pings and measurements')
    .option('--bind <address...>', 'where to listen, such as udp://0.0.0.0:7400 (default: all addresses, a free port)')
    .option('--dir <folder>', 'where received files go', '.')
    .option('--once', 'end after one file')
    .option('--overwrite', 'replace files of the same name')
    .action((flags: ListenFlags) => listen(flags, terminal()));
}

async function listen(flags: ListenFlags, terminal: Terminal): Promise<void> {
  const interrupted = untilInterrupted();
  await requireFolder(flags.dir);
  const given = await readSecret(flags);
  const secret = given ?? makeUpSecret();
  await using node = await startNode(flags, secret, flags.bind === undefined ? {} : { listen: flags.bind });
  const files = new FileService(flags, terminal);
  node.handle(FILE_PROTOCOL, (stream, context) => files.serve(stream, context));
  node.handle(PERF_PROTOCOL, servePerf);
  node.on('warning', (error) => terminal.note(`warning: ${error.message}`));
  announce(node, given === null ? secret : null, terminal);
  const failed = new Promise<never>((_resolve, reject) => node.on('close', (error) => error !== null && reject(error)));
  const end = await Promise.race([interrupted, files.done, failed]);
  // Who interrupts a listener wants it gone: what is on its way is reset. After the last file its acknowledgements are waited for.
  if (end === 'interrupted') await node.close({ timeoutMs: 0, reason: 'interrupted' });
}

/** Says how to reach this node. The secret is shown when this command made it up: nobody else knows it. */
function announce(node: MeshNode, madeUpSecret: string | null, terminal: Terminal): void {
  const { address, id } = node;
  terminal.result({ event: 'listening', address, id, ...(madeUpSecret === null ? {} : { secret: madeUpSecret }) }, address);
  const prefix = madeUpSecret === null ? '' : `OSIER_SECRET=${madeUpSecret} `;
  terminal.note(`\nSend a file here with:\n  ${prefix}osier send FILE '${address}'\n`);
}

async function requireFolder(folder: string): Promise<void> {
  await access(folder, constants.W_OK | constants.X_OK).catch((cause: Error) => {
    throw new CommandError('ERR_CLI_FOLDER', ExitCode.local, `cannot write to the folder ${folder}; choose another with --dir.`, { cause });
  });
}

/** Receives files, tells the terminal, and knows when `--once` is satisfied. */
class FileService {
  readonly done: Promise<void>;
  private finish: () => void = () => {};

  constructor(
    private readonly flags: ListenFlags,
    private readonly terminal: Terminal,
  ) {
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  async serve(stream: ByteStream, context: HandlerContext): Promise<void> {
    try {
      const file = await receiveFile(stream, context, { directory: this.flags.dir, overwrite: this.flags.overwrite === true });
      this.terminal.result({ event: 'received', ...file }, receivedLine(file));
      if (this.flags.once) this.finish();
    } catch (error) {
      const { code, message } = describeFailure(error);
      this.terminal.result(
        { event: 'failed', from: context.peer.id, code: error instanceof NotStored ? 'ERR_CLI_NOT_STORED' : code, message },
        `failed: ${message}`,
      );
    }
  }
}

function receivedLine(file: ReceivedFile): string {
  const speed = `${formatBytes(file.sizeBytes)} in ${formatDuration(file.durationMs)} (${formatRate(file.sizeBytes, file.durationMs)})`;
  return `received ${file.path}: ${speed} from ${file.from}\n  BLAKE2b ${file.blake2b}`;
}
