import type { EngineConfig, EngineInfo } from '../engine/engine.js';
import type { Runtime } from '../engine/runtime.js';
import { invalidOption } from '../errors/index.js';
import { type Cipher, type HandshakeParty, INSTANCE_BYTES, Timestamps } from '../handshake/index.js';
import { exchangeKeysOf, type Identity, loadIdentity, type NodeId, routeIdOfNodeId, stretchPassphrase } from '../identity/index.js';
import type { ParsedNetwork, ParsedNodeOptions } from './options.js';
import type { ShardRole } from './shard-role.js';

/** Credit that every peer has before the first grant, for all streams together and for each one: three dozen packets, so that an idle peer costs
 *  little and a first request fits without a round trip. */
export const INITIAL_CREDIT_BYTES = 49_152;

/** UDP payload that every path carries (docs/protocol.md). */
const BASE_MTU_BYTES = 1_200;

/** Larger packets are probed for up to this: jumbo frames. */
const MTU_CEILING_BYTES = 9_000;

/** The engine's numbers. */
const CONGESTION = { cubic: 0, bbr: 1 } as const;

/** What makes a node who it is. */
export interface Credentials {
  readonly identity: Identity;
  readonly networkSecrets: readonly [current: Uint8Array, ...previous: Uint8Array[]];
}

/** Reads the key file and stretches the passphrase, where the options have them. Errors: BAD_IDENTITY. */
export async function loadCredentials({ identity, network }: ParsedNodeOptions): Promise<Credentials> {
  const loaded = typeof identity === 'string' || identity instanceof URL ? await loadIdentity(identity) : identity;
  return { identity: loaded, networkSecrets: await networkSecretsOf(network) };
}

/** The secrets of a network, the current one first. Stretches a passphrase, which takes about a second. */
export async function networkSecretsOf(network: ParsedNetwork): Promise<Credentials['networkSecrets']> {
  const secrets = network.kind === 'passphrase' ? [await stretchPassphrase(network.passphrase)] : network.secrets;
  const [current, ...previous] = secrets;
  if (current === undefined) throw invalidOption('network.secret', 'must be one secret, or two: [current, previous]');
  return [current, ...previous];
}

/** What the node brings to its handshakes. */
export function handshakePartyOf(
  options: ParsedNodeOptions,
  credentials: Credentials,
  runtime: Runtime,
  info: EngineInfo,
  role: Pick<ShardRole, 'instance'> | null = null,
): HandshakeParty {
  const { identity, networkSecrets } = credentials;
  return {
    id: identity.id,
    exchangeKeys: exchangeKeysOf(identity),
    instance: role?.instance ?? Buffer.from(runtime.randomBytes(INSTANCE_BYTES)).toString('hex'),
    networkSecrets,
    ciphers: ciphersOf(options.cipher, info.features.includes('aes-256-gcm')),
    credit: { maxData: INITIAL_CREDIT_BYTES, maxStreamData: INITIAL_CREDIT_BYTES, maxStreams: options.limits.streamsPerPeer },
    timestamps: new Timestamps(() => runtime.wallClockMs()),
    nowMs: () => runtime.clock.nowMs(),
    randomBytes: (byteCount) => runtime.randomBytes(byteCount),
  };
}

/** The engine's configuration. */
export function engineConfigOf(options: ParsedNodeOptions, role: Pick<ShardRole, 'index' | 'shards'> | null = null, id?: NodeId): EngineConfig {
  const { limits } = options;
  return {
    idleTimeoutMicros: micros(options.idleTimeoutMs),
    peerLostAfterMicros: micros(options.peerLostAfterMs),
    keepAliveMicros: micros(options.keepAliveMs),
    memoryBytes: limits.memoryBytes,
    peers: limits.peers,
    streamsPerPeer: limits.streamsPerPeer,
    streamWindowBytes: limits.streamWindowBytes,
    messageBytes: limits.messageBytes,
    initialDataBytes: INITIAL_CREDIT_BYTES,
    initialStreamDataBytes: INITIAL_CREDIT_BYTES,
    mtuBytes: BASE_MTU_BYTES,
    mtuCeilingBytes: MTU_CEILING_BYTES,
    congestion: CONGESTION[options.congestion],
    spinMicros: options.spinMicros,
    shard: role?.index ?? 0,
    shards: role?.shards ?? 1,
    ...(id === undefined ? {} : { routeId: routeIdOfNodeId(id) }),
  };
}

function ciphersOf(option: ParsedNodeOptions['cipher'], hasAes: boolean): readonly [Cipher, ...Cipher[]] {
  if (option !== 'auto') return [option];
  return hasAes ? ['aes-256-gcm', 'chacha20-poly1305'] : ['chacha20-poly1305'];
}

/** At least 1, so that a time that is not 0 does not switch its timer off. */
function micros(ms: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.round(ms * 1_000));
}
