import { debuglog, inspect } from 'node:util';
import type { Logger } from '../api/waiting.js';
import { safely } from '../errors/safely.js';
import type { NodeId } from '../identity/index.js';

/** `NODE_DEBUG=osier` turns it on; it writes to stderr. */
const debug = debuglog('osier');

/** As many characters of an id tell the nodes of one process apart. */
const SHORT_ID_CHARACTERS = 8;

/** What a node tells its operator: through the `logger` option, and on stderr where `NODE_DEBUG` asks for it. */
export class NodeLog {
  readonly #id: NodeId;
  readonly #logger: Logger | null;

  constructor(id: NodeId, logger: Logger | null) {
    this.#id = id;
    this.#logger = logger;
  }

  /** Somebody reads it: fields are worth building. */
  get isRead(): boolean {
    return this.#logger !== null || debug.enabled;
  }

  /** Neither `fields` nor `message` may hold key material or payloads. */
  write(level: keyof Logger, fields: object, message: string): void {
    const logger = this.#logger;
    if (logger !== null) safely(() => logger[level](fields, message));
    if (debug.enabled) debug('%s %s: %s %s', this.#id.slice(0, SHORT_ID_CHARACTERS), level, message, oneLine(fields));
  }
}

function oneLine(fields: object): string {
  return inspect(fields, { depth: 4, breakLength: Number.POSITIVE_INFINITY, compact: true });
}
