import type { MeshNodeOptions } from '../api/node.js';
import type { PathRecord } from '../engine/engine.js';
import { type OsierError, osierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import type { PeerContext } from './context.js';
import { pathOf } from './path-record.js';

/** The application's policy on who may connect to this node. */
export class Admittance {
  readonly #context: PeerContext;
  readonly #accept: MeshNodeOptions['accept'];

  constructor(context: PeerContext, accept: MeshNodeOptions['accept']) {
    this.#context = context;
    this.#accept = accept;
  }

  /** Calls `settle`, at once where there is no policy. A policy that throws says no, and the operator hears of it. */
  decide(caller: NodeId, path: PathRecord, settle: (admitted: boolean) => void): void {
    const asked = this.#accept;
    if (asked === undefined) {
      settle(true);
      return;
    }
    const candidate = { id: caller, path: pathOf(path, this.#context.sockets) };
    // A promise's callbacks run in the same tick when `accept` answers at once.
    new Promise<boolean>((resolve) => resolve(asked(candidate)))
      .catch((cause: unknown) => {
        this.#context.warn(acceptThrew(caller, cause));
        return false;
      })
      .then((admitted) => settle(admitted === true))
      .catch((cause: unknown) => this.#context.onFault(cause));
  }
}

function acceptThrew(caller: NodeId, cause: unknown): OsierError {
  const message = `Option 'accept' threw when ${caller} asked, which was refused: it must answer true or false.`;
  return osierError('ERR_OSIER_INVALID_OPTION', message, { option: 'accept' }, { cause });
}
