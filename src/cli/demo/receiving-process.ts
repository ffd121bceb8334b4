/** The other process of the demo: stores files, serves the two further protocols, and ends when the process that started it does. */
import { generateIdentity, MeshNode } from '../../index.js';
import { describeFailure } from '../exit-codes.js';
import { FILE_PROTOCOL } from '../file-transfer/protocol.js';
import { receiveFile } from '../file-transfer/receiver.js';
import type { ReceiverEvent } from './receiver.js';
import { ROAMING_PROTOCOL, serveRoaming } from './roaming.js';
import { STATUS_PROTOCOL, serveStatus } from './status-messages.js';

// Ctrl-C reaches both processes; this one ends when the other has said goodbye.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
if (!process.connected) process.exit();

const { OSIER_SECRET: secret = '' } = process.env;
const directory = process.argv[2] ?? '.';
try {
  const node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: 'udp://127.0.0.1:0' });
  node.handle(FILE_PROTOCOL, async (stream, context) => {
    try {
      const { blake2b } = await receiveFile(stream, context, { directory, overwrite: false });
      tell({ event: 'received', blake2b });
    } catch (error) {
      tell({ event: 'failed', message: describeFailure(error).message });
    }
  });
  node.handle(STATUS_PROTOCOL, { kind: 'messages' }, serveStatus);
  node.handle(ROAMING_PROTOCOL, serveRoaming);
  tell({ event: 'listening', address: node.address });
} catch (error) {
  tell({ event: 'failed', message: describeFailure(error).message });
}

function tell(event: ReceiverEvent): void {
  // Who is gone need not be told.
  process.send?.(event, undefined, undefined, () => {});
}
