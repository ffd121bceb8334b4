/** Which engine drives this machine's sockets: the native one, or the one over `node:dgram` where that is asked for or needed. */
import { invalidOption } from '../errors/index.js';
import { textOf } from '../errors/text-of.js';
import { createDgramEngine } from './dgram-engine.js';
import type { BatchListener, Engine, EngineConfig } from './engine.js';
import { createNativeEngine } from './native-engine.js';

/** Errors of a system that does not let the addon have sockets of its own, such as a sandbox that knows only a few system calls. */
const REFUSED = new Set(['EPERM', 'EACCES', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT']);

/** UDP payload of the longest datagram. */
const MTU_BYTES_MAX = 65_507;

/** Why the native sockets cannot be had; `null`: they can. Found out once. */
let refusal: string | null | undefined;

/** An engine on this machine's sockets. Throws INTERNAL where the addon is missing, and INVALID_OPTION for a bad `OSIER_DRIVER`. */
export function createSystemEngine(config: EngineConfig, listener: BatchListener): Engine {
  const reason = reasonForDgram(process.env.OSIER_DRIVER, () => {
    if (refusal === undefined) refusal = refusalOf(() => createNativeEngine(config, () => {}));
    return refusal;
  });
  const sized = withFixedMtu(config, process.env.OSIER_MTU);
  return reason === null ? createNativeEngine(sized, listener) : createDgramEngine(sized, listener, reason);
}

/** With the one packet size that measurements ask for, not probed for; a network that does not carry it loses every full packet. */
export function withFixedMtu(config: EngineConfig, asked: string | undefined): EngineConfig {
  const mtuBytes = Number(asked);
  if (!Number.isInteger(mtuBytes) || mtuBytes < config.mtuBytes || mtuBytes > MTU_BYTES_MAX) return config;
  return { ...config, mtuBytes, mtuCeilingBytes: mtuBytes };
}

/** Why it is to be `node:dgram`; `null`: it is not. `refused` says why native sockets cannot be had. */
export function reasonForDgram(asked: string | undefined, refused: () => string | null): string | null {
  if (asked === 'dgram') return 'OSIER_DRIVER=dgram asks for node:dgram instead of the native sockets.';
  if (asked === 'native') return null;
  if (asked !== undefined && asked !== '') throw invalidOption('OSIER_DRIVER', `must be 'native' or 'dgram', not '${asked}'`);
  const why = refused();
  return why === null ? null : `node:dgram is in use because native sockets are refused here: ${why}.`;
}

/** Tries a native socket of its own. Any other failure than a refusal will tell more where it concerns somebody. */
export function refusalOf(makeEngine: () => Engine): string | null {
  let engine: Engine | null = null;
  try {
    engine = makeEngine();
    engine.bind('127.0.0.1', 0);
    return null;
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
    // Without a code it is the loop that refused its handles.
    return engine === null || (code !== null && REFUSED.has(code)) ? textOf(error) : null;
  } finally {
    engine?.close();
  }
}
