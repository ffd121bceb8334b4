import { isIPv4, isIPv6 } from 'node:net';
import type { LimitOptions, MeshNodeOptions, NetworkOptions, NetworkSecret } from '../api/node.js';
import type { TracingHook } from '../api/observing.js';
import type { Logger } from '../api/waiting.js';
import { invalidOption, osierError } from '../errors/index.js';
import { choiceOption, durationOption, integerOption, optionsObject, stringListOption } from '../errors/option-checks.js';
import { type HostAndPort, isIdentity, type NodeAddress, parseAddress, parseHostAndPort, parseNetworkSecret } from '../identity/index.js';
import { meshOptions, type ParsedMeshOptions } from './mesh-options.js';

/** Options after their checks; every default is filled in. */
export interface ParsedNodeOptions extends ParsedMeshOptions {
  readonly identity: MeshNodeOptions['identity'];
  readonly network: ParsedNetwork;
  /** `null`: the default. */
  readonly listen: readonly ListenAddress[] | null;
  readonly advertise: readonly HostAndPort[];
  readonly peers: readonly NodeAddress[];
  readonly accept: MeshNodeOptions['accept'];
  /** 0: none. */
  readonly keepAliveMs: number | 'auto';
  /** 0: never. */
  readonly idleTimeoutMs: number;
  readonly peerLostAfterMs: number;
  /** 0: the loop sleeps at once. */
  readonly spinMicros: number;
  readonly cipher: 'auto' | 'chacha20-poly1305' | 'aes-256-gcm';
  readonly congestion: 'cubic' | 'bbr';
  readonly limits: { readonly [L in keyof LimitOptions]-?: number };
  /** 0: none. */
  readonly shards: number;
  /** The module that every shard loads. */
  readonly handlers: URL | null;
  readonly shardData: unknown;
  readonly logger: Logger | null;
  readonly tracing: TracingHook | null;
}

/** What admits: secrets with the current one first, or a passphrase that is yet to be stretched. */
export type ParsedNetwork =
  | { readonly kind: 'secrets'; readonly secrets: readonly Uint8Array[] }
  | { readonly kind: 'passphrase'; readonly passphrase: string };

/** A socket to bind: on a numeric address, or on the first one that a name resolves to; port 0 is a free one. */
export interface ListenAddress {
  readonly text: string;
  readonly host: string;
  readonly port: number;
}

/** Windows at the start are this large; a stream's can't be bounded below it. */
const WINDOW_BYTES_MIN = 65_536;
/** Offsets are kept in doubles in JavaScript. */
const BYTES_MAX = 2 ** 40;
/** Polling for longer than this is no wait for an answer. */
const SPIN_MICROS_MAX = 1_000_000;
/** Bound of the wire. */
const MESSAGE_BYTES_MAX = 2 ** 30 - 1;
/** Handles of associations and streams have room for this many. */
const PEERS_MAX = 2 ** 20 - 1;
const STREAMS_MAX = 30_000;
/** A receiver index has a byte for the shard. */
const SHARDS_MAX = 256;

/** Checks everything that can be checked without I/O. Throws INVALID_OPTION, BAD_ADDRESS, BAD_ID. */
export function parseNodeOptions(options: MeshNodeOptions): ParsedNodeOptions {
  if (typeof options !== 'object' || options === null) throw invalidOption('options', 'must be an object with an identity and a network');
  return {
    identity: identityOption(options.identity),
    network: networkOption(options.network),
    listen: listenOption(options.listen),
    advertise: stringListOption('advertise', options.advertise).map(parseHostAndPort),
    peers: stringListOption('peers', options.peers).map(parseAddress),
    accept: acceptOption(options.accept),
    ...meshOptions(options),
    keepAliveMs: keepAliveOption(options.keepAliveMs),
    idleTimeoutMs: durationOption('idleTimeoutMs', options.idleTimeoutMs, 600_000),
    peerLostAfterMs: peerLostOption(options.peerLostAfterMs),
    spinMicros: spinOption(options.spin),
    cipher: choiceOption('cipher', options.cipher, ['auto', 'chacha20-poly1305', 'aes-256-gcm'], 'auto'),
    congestion: choiceOption('congestion', options.congestion, ['cubic', 'bbr'], 'cubic'),
    limits: limitsOption(options.limits, options.shards),
    ...shardOptions(options),
    logger: loggerOption(options.logger),
    tracing: tracingOption(options.tracing),
  };
}

function identityOption(identity: unknown): MeshNodeOptions['identity'] {
  if (typeof identity === 'string' || identity instanceof URL || isIdentity(identity)) return identity;
  throw invalidOption('identity', 'must be the path of a key file, or come from generateIdentity() or loadIdentity()');
}

/** Checks what admits to a network. Throws INVALID_OPTION. */
export function networkOption(network: unknown): ParsedNetwork {
  if (typeof network !== 'object' || network === null) throw invalidOption('network', 'must be { secret } or { passphrase }');
  const { secret, passphrase } = network as { [K in 'secret' | 'passphrase']?: unknown } & Partial<NetworkOptions>;
  if (passphrase !== undefined) {
    if (secret !== undefined) throw invalidOption('network', 'must have a secret or a passphrase, not both');
    if (typeof passphrase !== 'string' || passphrase === '') throw invalidOption('network.passphrase', 'must be a text that is not empty');
    return { kind: 'passphrase', passphrase };
  }
  if (!Array.isArray(secret)) return { kind: 'secrets', secrets: [parseNetworkSecret(secret as NetworkSecret, 'network.secret')] };
  if (secret.length !== 2) throw invalidOption('network.secret', 'must be one secret, or two: [current, previous]');
  return { kind: 'secrets', secrets: secret.map((one: NetworkSecret) => parseNetworkSecret(one, 'network.secret')) };
}

function listenOption(listen: unknown): readonly ListenAddress[] | null {
  if (listen === undefined) return null;
  const texts = typeof listen === 'string' ? [listen] : stringListOption('listen', listen);
  if (texts.length === 0) throw invalidOption('listen', 'must name at least one address');
  return texts.map(parseListenAddress);
}

function parseListenAddress(text: string): ListenAddress {
  const bad = (problem: string): Error =>
    osierError('ERR_OSIER_BAD_ADDRESS', `'${text}' is not an address to listen on: ${problem}. Write udp://host:port.`, { input: text });
  const [, bracketed, plain, port = ''] = /^udp:\/\/(?:\[([^[\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw bad('it is not udp://host:port');
  const isHost = bracketed === undefined ? isIPv4(host) || /^[a-z0-9_-][a-z0-9._-]*$/i.test(host) : isIPv6(host);
  if (!isHost) throw bad(`'${host}' is neither an IP address nor a name`);
  if (Number(port) > 65_535) throw bad(`'${port}' is not a port from 0 to 65535`);
  return { text, host, port: Number(port) };
}

function acceptOption(accept: unknown): MeshNodeOptions['accept'] {
  if (accept !== undefined && typeof accept !== 'function') throw invalidOption('accept', 'must be a function');
  return accept as MeshNodeOptions['accept'];
}

function peerLostOption(value: unknown): number {
  const peerLostAfterMs = durationOption('peerLostAfterMs', value, 30_000);
  if (peerLostAfterMs === 0) throw invalidOption('peerLostAfterMs', 'must be more than 0: streams to a dead peer would wait for ever');
  return peerLostAfterMs;
}

function keepAliveOption(value: MeshNodeOptions['keepAliveMs']): number | 'auto' {
  return value === undefined || value === 'auto' ? 'auto' : durationOption('keepAliveMs', value, 0);
}

function spinOption(value: MeshNodeOptions['spin']): number {
  if (value === undefined) return 0;
  const { maxMicros } = optionsObject('spin', value);
  if (maxMicros === undefined) throw invalidOption('spin.maxMicros', 'must say for how many microseconds to poll');
  return integerOption('spin.maxMicros', maxMicros, { min: 0, max: SPIN_MICROS_MAX, otherwise: 0 });
}

/** A receiver has a message whole before anybody may read it, in a ring of up to twice its size, beside what else it holds. */
const MEMORY_PER_MESSAGE_BYTE = 2.5;

function limitsOption(value: LimitOptions | undefined, shards: number | undefined): ParsedNodeOptions['limits'] {
  const limits = optionsObject('limits', value);
  const parsed = {
    memoryBytes: integerOption('limits.memoryBytes', limits.memoryBytes, { min: 2 ** 20, max: BYTES_MAX, otherwise: 512 * 2 ** 20 }),
    peers: integerOption('limits.peers', limits.peers, { min: 1, max: PEERS_MAX, otherwise: 10_000 }),
    streamsPerPeer: integerOption('limits.streamsPerPeer', limits.streamsPerPeer, { min: 1, max: STREAMS_MAX, otherwise: 1_024 }),
    streamWindowBytes: integerOption('limits.streamWindowBytes', limits.streamWindowBytes, {
      min: WINDOW_BYTES_MIN,
      max: 2 ** 30,
      otherwise: 16 * 2 ** 20,
    }),
    messageBytes: integerOption('limits.messageBytes', limits.messageBytes, { min: 1, max: MESSAGE_BYTES_MAX, otherwise: 16 * 2 ** 20 }),
  };
  // The default is for nodes that send none so large: it asks nothing of their memory.
  const neededBytes = limits.messageBytes === undefined ? 0 : MEMORY_PER_MESSAGE_BYTE * parsed.messageBytes * Math.max(1, shards ?? 0);
  if (parsed.memoryBytes < neededBytes) {
    throw invalidOption('limits.messageBytes', `needs limits.memoryBytes of ${Math.ceil(neededBytes)} at least, not ${parsed.memoryBytes}`);
  }
  return parsed;
}

function shardOptions({ shards, handlers, shardData }: MeshNodeOptions): Pick<ParsedNodeOptions, 'shards' | 'handlers' | 'shardData'> {
  const count = integerOption('shards', shards, { min: 0, max: SHARDS_MAX, otherwise: 0 });
  if (handlers !== undefined && !(handlers instanceof URL))
    throw invalidOption('handlers', "must be a URL: new URL('./handlers.js', import.meta.url)");
  if (handlers !== undefined && count === 0) throw invalidOption('handlers', "needs the option 'shards': without shards, nothing loads them");
  return { shards: count, handlers: handlers ?? null, shardData };
}

function loggerOption(logger: Logger | undefined): Logger | null {
  if (logger === undefined) return null;
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') throw invalidOption('logger', `must have a method '${level}'`);
  }
  return logger;
}

/** Checks a {@link TracingHook}. Throws INVALID_OPTION. */
export function tracingOption(hook: TracingHook | undefined): TracingHook | null {
  if (hook === undefined) return null;
  for (const method of ['opening', 'handling'] as const) {
    if (typeof hook?.[method] !== 'function') throw invalidOption('tracing', `must have a method '${method}'`);
  }
  return hook;
}
