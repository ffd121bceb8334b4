import { decodeStatement, isStatementSigned, type NodeId, type SignatureMemory, type Statement } from '../../identity/index.js';
import { NeighbourRates } from '../neighbour-rates.js';

/** Statements that neighbours told, some 300 bytes each; those of the operator are not bounded. */
export const STATEMENTS_MAX = 4_096;
/** Signatures of statements that are verified for one neighbour at once: all that a node may know, */
const NEIGHBOUR_BURST = STATEMENTS_MAX;
/** and a second. */
const NEIGHBOUR_PER_SECOND = 16;

/** Who told a statement: the application of this node, or a neighbour. */
export type Teller = NodeId | 'operator';

/** 'dropped': it is over the rate of its neighbour, or there is no room; it may be told again. */
export type Added = 'new' | 'known' | 'bad' | 'dropped';

/** There is another one, from `from`, to be acted on and passed on as `bytes`. */
export type StatementListener = (statement: Statement, bytes: Uint8Array, from: Teller) => void;

interface Kept extends Statement {
  readonly bytes: Uint8Array;
  readonly from: Teller;
}

/** What a {@link StatementStore} needs of its node. */
export interface StatementStoreOwner {
  readonly verified?: SignatureMemory | undefined;
  nowMs(): number;
  /** One of its peers, or one whose announcement it knows: no statement of strangers takes the place of its own. */
  isKnownNode(id: NodeId): boolean;
}

/**
 * The statements that hold: one for each id, for ever. A plain revocation beats all else that its key says: whoever signs a successor then may be the thief. Of two
 * successors the first stays. When there are too many, those of ids that this node has nothing to do with give way, from the neighbour that told most of them.
 */
export class StatementStore {
  readonly #owner: StatementStoreOwner;
  readonly #max: number;
  readonly #kept = new Map<NodeId, Kept>();
  readonly #rates = new NeighbourRates(NEIGHBOUR_BURST, NEIGHBOUR_PER_SECOND);
  readonly #listeners: StatementListener[] = [];
  #contradictions = 0;

  constructor(owner: StatementStoreOwner, max = STATEMENTS_MAX) {
    this.#owner = owner;
    this.#max = max;
  }

  /** Statements that name another successor than one before. */
  get contradictions(): number {
    return this.#contradictions;
  }

  /** What ended `id`; `undefined` while nothing did. */
  get(id: NodeId): Statement | undefined {
    return this.#kept.get(id);
  }

  /** The bytes of all: what a new neighbour is told. */
  all(): Uint8Array[] {
    return [...this.#kept.values()].map(({ bytes }) => bytes);
  }

  /** The same, with who told each. */
  told(): { readonly bytes: Uint8Array; readonly from: Teller }[] {
    return [...this.#kept.values()].map(({ bytes, from }) => ({ bytes, from }));
  }

  /** Calls `listener` with each that is new. */
  onNew(listener: StatementListener): void {
    this.#listeners.push(listener);
  }

  /** Takes a statement over when it is good and says something new. `bytes` may change after the call. */
  add(bytes: Uint8Array, from: Teller): Added {
    const statement = decodeStatement(bytes);
    if (statement === null) return 'bad';
    const present = this.#kept.get(statement.id);
    if (present !== undefined && Buffer.compare(present.bytes, bytes) === 0) {
      // What the operator says does not give way to what neighbours say.
      if (from === 'operator') this.#kept.set(statement.id, { ...present, from });
      return 'known';
    }
    // What cannot change anything need not be verified, but for the count.
    if (present?.successor === null) return 'known';
    if (from !== 'operator' && !this.#rates.take(from, this.#owner.nowMs())) return 'dropped';
    if (!isStatementSigned(statement, bytes, this.#owner.verified)) return 'bad';
    if (present !== undefined && statement.successor !== null) {
      this.#contradictions += statement.successor === present.successor ? 0 : 1;
      return 'known';
    }
    if (present === undefined && !this.#makeRoom(statement.id, from)) return 'dropped';
    const kept: Kept = { ...statement, bytes: Uint8Array.from(bytes), from };
    this.#kept.set(statement.id, kept);
    for (const listener of this.#listeners) listener(statement, kept.bytes, from);
    return 'new';
  }

  /** Whether there is a place for one of `id`. */
  #makeRoom(id: NodeId, from: Teller): boolean {
    if (from === 'operator') return true;
    if (this.#kept.size < this.#max) return true;
    const told = [...this.#kept.values()].filter((kept) => kept.from !== 'operator');
    if (told.length < this.#max) return true;
    const shares = new Map<Teller, Kept[]>();
    for (const kept of told) {
      if (this.#owner.isKnownNode(kept.id)) continue;
      const share = shares.get(kept.from);
      if (share === undefined) shares.set(kept.from, [kept]);
      else share.push(kept);
    }
    const [largest = []] = [...shares.values()].sort((a, b) => b.length - a.length);
    const ownShare = shares.get(from)?.length ?? 0;
    const newest = largest.at(-1);
    // With its newcomer it would have as much: the two would drive out one another's for ever.
    if (newest === undefined || (!this.#owner.isKnownNode(id) && ownShare + 1 >= largest.length)) return false;
    return this.#kept.delete(newest.id);
  }
}
