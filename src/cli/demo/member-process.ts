/** Another process of the demo: forwards, or stores files and serves the two further protocols, and ends when the process that started it does. */
import { type ByteStream, generateIdentity, type HandlerContext, MeshNode } from '../../index.js';
import { describeFailure } from '../exit-codes.js';
import { FILE_PROTOCOL } from '../file-transfer/protocol.js';
import { receiveFile } from '../file-transfer/receiver.js';
import type { MemberEvent, MemberSettings } from './member.js';
import { monotonicMs } from './monotonic-clock.js';
import { ROAMING_PROTOCOL, serveRoaming } from './roaming.js';
import { STATUS_PROTOCOL, serveStatus } from './status-messages.js';

// Ctrl-C reaches all processes; this one ends when the one that started it has said goodbye.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
if (!process.connected) process.exit();

const { OSIER_SECRET: secret = '' } = process.env;
const { listen, peers, relays, folder } = JSON.parse(process.argv[2] ?? '') as MemberSettings;
try {
  const node = await MeshNode.create({
    identity: await generateIdentity(),
    network: { secret },
    listen,
    peers,
    relay: relays ? {} : undefined,
    liveness: 'lan',
  });
  if (folder !== null) node.handle(FILE_PROTOCOL, (stream, context) => store(stream, context, folder));
  node.handle(STATUS_PROTOCOL, { kind: 'messages' }, serveStatus);
  node.handle(ROAMING_PROTOCOL, serveRoaming);
  for (const address of peers) await node.connect(address);
  tell({ event: 'listening', id: node.id, address: node.address });
} catch (error) {
  tell({ event: 'failed', message: describeFailure(error).message });
}

async function store(stream: ByteStream, context: HandlerContext, directory: string): Promise<void> {
  try {
    const arrivalsMs: number[] = [];
    const { blake2b } = await receiveFile(stream, context, { directory, overwrite: false, onContent: () => arrivalsMs.push(monotonicMs()) });
    tell({ event: 'received', blake2b, arrivalsMs });
  } catch (error) {
    tell({ event: 'failed', message: describeFailure(error).message });
  }
}

function tell(event: MemberEvent): void {
  // Who is gone need not be told.
  process.send?.(event, undefined, undefined, () => {});
}
