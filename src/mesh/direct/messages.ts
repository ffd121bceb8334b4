/** The messages of the stream on which two ends look for a direct way; see docs/protocol.md, "Direct ways". */
import type { NodeInfo } from '../../api/stats.js';
import { type HostAndPort, ipBytes, ipText } from '../../identity/index.js';
import { ControlReader, ControlWriter, MalformedControl } from '../control/fields.js';

/** Named in OPEN. The zero byte keeps it apart from what applications name. */
export const DIRECT_PROTOCOL = '\0direct';

/** Of one end: as many as it announces. */
export const CANDIDATES_MAX = 16;
/** Type, round, class, count, and {@link CANDIDATES_MAX} IPv6 addresses. */
export const DIRECT_MESSAGE_BYTES_MAX = 7 + CANDIDATES_MAX * 20;

const MessageType = { question: 1, answer: 2 } as const;
const NAT_CLASSES: readonly NodeInfo['nat'][] = ['unknown', 'none', 'endpoint-independent', 'endpoint-dependent'];
/** 'mapped': a router was asked to forward a port there; 'seen': a relay sees this end there. */
const KINDS = ['bound', 'advertised', 'mapped', 'seen'] as const;

export type CandidateKind = (typeof KINDS)[number];

/** Where an end may be reached. `host` is an IP address. */
export interface Candidate extends HostAndPort {
  readonly kind: CandidateKind;
}

/** Where the sender may be reached. A question begins a round, which its answer names. */
export interface CandidatesMessage {
  readonly type: 'question' | 'answer';
  readonly round: number;
  readonly nat: NodeInfo['nat'];
  readonly candidates: readonly Candidate[];
}

/** Candidates beyond {@link CANDIDATES_MAX}, and those that are no addresses, are left out. */
export function encodeCandidates({ type, round, nat, candidates }: CandidatesMessage): Uint8Array {
  const written = candidates.filter(({ host }) => ipBytes(host) !== null).slice(0, CANDIDATES_MAX);
  const writer = new ControlWriter(DIRECT_MESSAGE_BYTES_MAX);
  writer.uint8(MessageType[type]).uint32(round).uint8(NAT_CLASSES.indexOf(nat)).uint8(written.length);
  for (const { kind, host, port } of written) {
    const bytes = ipBytes(host) ?? new Uint8Array(4);
    writer
      .uint8(KINDS.indexOf(kind))
      .uint8(bytes.length === 4 ? 4 : 6)
      .uint16(port)
      .bytes(bytes);
  }
  return writer.written();
}

/** `null` for a type that this version does not know. Throws {@link MalformedControl}. */
export function decodeCandidates(bytes: Uint8Array): CandidatesMessage | null {
  if (bytes.length > DIRECT_MESSAGE_BYTES_MAX) throw new MalformedControl('of a direct way is longer than any may be');
  const reader = new ControlReader(bytes);
  const type = reader.uint8();
  if (type !== MessageType.question && type !== MessageType.answer) return null;
  const round = reader.uint32();
  const nat = NAT_CLASSES[reader.uint8()];
  const count = reader.uint8();
  if (nat === undefined || count > CANDIDATES_MAX) throw new MalformedControl('of a direct way has a field beyond its limit');
  const candidates = Array.from({ length: count }, () => readCandidate(reader));
  reader.end();
  return { type: type === MessageType.question ? 'question' : 'answer', round, nat, candidates };
}

function readCandidate(reader: ControlReader): Candidate {
  const kind = KINDS[reader.uint8()];
  const family = reader.uint8();
  const port = reader.uint16();
  if (kind === undefined || (family !== 4 && family !== 6) || port === 0) throw new MalformedControl('of a direct way has an address of no kind');
  return { kind, port, host: ipText(reader.bytes(family === 4 ? 4 : 16)) };
}
