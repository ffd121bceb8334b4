import { type OsierError, osierError } from '../errors/index.js';
import type { IncomingCall } from '../handshake/index.js';
import type { NodeId } from '../identity/index.js';
import type { PeerContext } from './context.js';

const REFUSALS = {
  policy: "by the option 'accept'",
  limit: 'because a limit of this node is reached',
  shutdown: 'because this node, or its peer here, is closing',
} as const;

/** The same call; the node's observer hears whether it is answered or refused. */
export function watchedCall({ observer, runtime }: PeerContext, call: IncomingCall): IncomingCall {
  const { caller, remoteInstance, remoteToken, replacesIndex } = call;
  const calledAtMs = runtime.clock.nowMs();
  return {
    caller,
    remoteInstance,
    remoteToken,
    replacesIndex,
    accept: (local) => {
      const accepted = call.accept(local);
      observer.onAnswered(local.localIndex, { peer: caller, calledAtMs });
      return accepted;
    },
    refuse: (why) => {
      observer.onHandshake({ peer: caller, role: 'responder', startedAtMs: calledAtMs, error: refusedHere(caller, why) });
      return call.refuse(why);
    },
  };
}

/** What this node answered to a caller, as the caller's own error would say it. */
function refusedHere(caller: NodeId, why: keyof typeof REFUSALS): OsierError {
  return osierError('ERR_OSIER_REFUSED', `${caller} called and was refused, ${REFUSALS[why]}.`, { why });
}
