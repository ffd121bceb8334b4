/**
 * A file on its way from A, this process, to E, which reach one another only through relays: A over B or C, each of which reaches E through D. The relay
 * that carries the file is killed in its middle. A has no IPv6 address and E no other, so that no packet can go directly.
 */
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateIdentity, MeshNode } from '../../index.js';
import { type SendFileOptions, sendFile } from '../file-transfer/sender.js';
import { Member } from './member.js';
import { monotonicMs } from './monotonic-clock.js';
import { longestPauseMs } from './roaming.js';
import { verifyStored } from './stored-file.js';
import { Ways } from './ways.js';

/** The file takes so long at least, in so many pieces: a pause is none when it is as short as from one piece to the next. */
const DURATION_MS = 2_000;
const PIECES = 1_000;

const IPV4 = 'udp://127.0.0.1:0';
const IPV6 = 'udp://[::1]:0';

/** How the file went. Nodes are called by their letters. */
export interface RelayedResult {
  readonly sizeBytes: number;
  readonly durationMs: number;
  /** The relays that the data went through, in order. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly killed: string;
  /** The longest time without arriving bytes, from the kill on. */
  readonly pauseMs: number;
}

/** What to send, and how. */
export interface RelayedRequest {
  readonly file: string;
  readonly sizeBytes: number;
  /** Where E stores it, under this name. */
  readonly folder: string;
  readonly name: string;
  readonly secret: string;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
  readonly onProgress: SendFileOptions['onProgress'];
}

/** Whether this machine has both families: with one, nothing would keep A from reaching E directly. */
export function hasBothFamilies(): boolean {
  const hosts = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
  return hosts.includes('127.0.0.1') && hosts.includes('::1');
}

/** Sends the file and kills the relay half-way. */
export async function sendRelayed(request: RelayedRequest): Promise<RelayedResult> {
  const members = new Map<string, Member>();
  try {
    return await sendThrough(request, members);
  } finally {
    for (const member of members.values()) member.kill();
  }
}

async function sendThrough(request: RelayedRequest, members: Map<string, Member>): Promise<RelayedResult> {
  const { secret, folder, signal, note, file, name } = request;
  const start = async (letter: string, listen: readonly string[], peers: readonly string[], storesFiles: boolean) => {
    const member = new Member(secret, { listen, peers, relays: !storesFiles, folder: storesFiles ? folder : null });
    members.set(letter, member);
    const { id, address } = await member.next('listening');
    return { letter, id, address, member };
  };
  const d = await start('D', [IPV4, IPV6], [], false);
  const [b, c, e] = await Promise.all([
    start('B', [IPV4, IPV6], [d.address], false),
    start('C', [IPV4, IPV6], [d.address], false),
    start('E', [IPV6], [d.address], true),
  ]);
  await using node = await MeshNode.create({ identity: await generateIdentity(), network: { secret }, listen: IPV4, liveness: 'lan' });
  for (const { address } of [b, c]) await node.connect(address, { signal });
  const peer = await node.connect(e.id, { signal });
  const ways = new Ways(node, peer, [b, c, d, e], signal);
  await ways.two();
  note(`Five processes: A (${process.pid}) knows the relays B and C, they know D, and D knows E. A sends the file to E`);

  const run = new Run(request, ways, (letter) => members.get(letter)?.kill());
  const sent = await sendFile(peer, file, { name, signal, onProgress: request.onProgress, pace: run.pace });
  const { blake2b, arrivalsMs } = await e.member.next('received');
  await verifyStored(join(folder, name), [sent.blake2b, blake2b]);
  const { before, killed, killedAtMs } = await run.kill();
  const after = await ways.otherThan(killed);
  const { sizeBytes, durationMs } = sent;
  return { sizeBytes, durationMs, before, after, killed, pauseMs: longestPauseMs(arrivalsMs, killedAtMs) };
}

/** Keeps the pace, and kills the relay when half is sent. */
class Run {
  readonly pace: SendFileOptions['pace'];
  private killing: Promise<Killed> | null = null;
  private readonly startMs = monotonicMs();
  private readonly request: RelayedRequest;
  private readonly ways: Ways;
  private readonly killRelay: (letter: string) => void;

  constructor(request: RelayedRequest, ways: Ways, killRelay: (letter: string) => void) {
    this.request = request;
    this.ways = ways;
    this.killRelay = killRelay;
    const { sizeBytes } = request;
    this.pace = { chunkBytes: Math.max(1, Math.ceil(sizeBytes / PIECES)), beforeChunk: (offset) => this.beforeChunk(offset) };
  }

  /** Once: kills the relay that carries the data. */
  kill(): Promise<Killed> {
    this.killing ??= this.killOnce();
    return this.killing;
  }

  private async beforeChunk(offset: number): Promise<void> {
    const { sizeBytes, signal } = this.request;
    // The data goes on while the relays are asked who they are.
    if (offset >= sizeBytes / 2) this.kill().catch(() => {});
    const waitMs = this.startMs + (offset / sizeBytes) * DURATION_MS - monotonicMs();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal });
  }

  private async killOnce(): Promise<Killed> {
    const traced = await this.ways.relays();
    const killed = this.ways.first;
    const before = traced[0] === killed ? traced : [killed];
    const killedAtMs = monotonicMs();
    this.killRelay(killed);
    this.request.note(`Relay ${killed}, which carries the file, is killed (SIGKILL)`);
    return { before, killed, killedAtMs };
  }
}

interface Killed {
  readonly before: readonly string[];
  readonly killed: string;
  readonly killedAtMs: number;
}
