import type { MeshNodeOptions } from '../api/node.js';
import type { PathRecord } from '../engine/engine.js';
import { type OsierError, osierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import type { PeerContext } from './context.js';
import { pathOf } from './path-record.js';
import type { RareWarnings } from './rare-warnings.js';

/** Callers that the policy is asked about at once; each holds the state of a handshake, about 2 KiB. */
const ASKED_MAX = 1_024;

/** Why somebody is not admitted; `null` for somebody who is. */
export type Refusal = 'policy' | 'limit' | null;

/** The application's policy on who may connect to this node. */
export class Admittance {
  readonly #context: PeerContext;
  readonly #accept: MeshNodeOptions['accept'];
  readonly #warnings: RareWarnings;
  /** What waits for an answer of the policy. */
  readonly #asked = new Set<(refusal: Refusal) => void>();

  constructor(context: PeerContext, accept: MeshNodeOptions['accept'], warnings: RareWarnings) {
    this.#context = context;
    this.#accept = accept;
    this.#warnings = warnings;
  }

  /**
   * Calls `settle` once: at once where there is no policy or too many wait for it, otherwise when it has answered, or the node closes. Much may have
   * happened by then. A policy that throws says no, and the operator hears of it.
   */
  decide(caller: NodeId, path: PathRecord, settle: (refusal: Refusal) => void): void {
    const asked = this.#accept;
    if (asked === undefined) {
      settle(null);
      return;
    }
    if (this.#asked.size >= ASKED_MAX) {
      settle('limit');
      return;
    }
    const cameBy = pathOf(path, this.#context.sockets, this.#context.routeNames);
    if (cameBy === null) {
      // By a relay that is no neighbour any more.
      settle('policy');
      return;
    }
    this.#asked.add(settle);
    const candidate = { id: caller, path: cameBy };
    // A promise's callbacks run in the same tick when `accept` answers at once.
    new Promise<boolean>((resolve) => resolve(asked(candidate)))
      .catch((cause: unknown) => {
        this.#warnings.warn(acceptThrew(caller, cause));
        return false;
      })
      .then((admitted) => {
        if (this.#asked.delete(settle)) settle(admitted === true ? null : 'policy');
      })
      .catch((cause: unknown) => this.#context.onFault(cause));
  }

  /** The node closes: nobody waits for the policy any longer. */
  close(): void {
    for (const settle of this.#asked) {
      this.#asked.delete(settle);
      settle('policy');
    }
  }
}

function acceptThrew(caller: NodeId, cause: unknown): OsierError {
  const message = `Option 'accept' threw when ${caller} asked, which was refused: it must answer true or false.`;
  return osierError('ERR_OSIER_INVALID_OPTION', message, { option: 'accept' }, { cause });
}
