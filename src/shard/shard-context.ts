import type { TracingHook } from '../api/observing.js';
import type { ShardContext, ShardModule } from '../api/shards.js';
import type { NodeStats } from '../api/stats.js';
import type { ByteStream, HandleOptions, Handler, HandlerRegistration, StreamKind } from '../api/streams.js';
import type { Clock, CloseOptions } from '../api/waiting.js';
import { osierError } from '../errors/index.js';
import type { NodeId } from '../identity/index.js';
import { tracingOption } from '../node/options.js';
import type { ShardHost } from './shard-host.js';

/** Loads the module at `url` and lets it register its handlers. Rejects with what it throws. */
export async function loadHandlers(url: string, shard: ShardContext): Promise<void> {
  const module = (await import(url)) as Partial<ShardModule>;
  if (typeof module.register !== 'function') throw new TypeError(`${url} must export a function 'register'`);
  await module.register(shard);
}

/** What a module of handlers is given. */
export class HandlersContext implements ShardContext {
  readonly index: number;
  readonly data: unknown;
  readonly #host: ShardHost;
  /** What the main thread was told of. */
  readonly #handled = new Map<string, HandlerRegistration>();

  constructor(host: ShardHost, index: number, data: unknown) {
    this.#host = host;
    this.index = index;
    this.data = data;
  }

  get id(): NodeId {
    return this.#host.core.id;
  }

  get clock(): Clock {
    return this.#host.core.clock;
  }

  stats(): NodeStats {
    return this.#host.core.stats();
  }

  setTracing(hook: TracingHook): void {
    const checked = tracingOption(hook);
    if (checked !== null) this.#host.core.observer.tracing.use(checked);
  }

  handle(protocol: string, ...rest: [Handler<ByteStream>] | [HandleOptions<StreamKind>, Handler<never>]): HandlerRegistration {
    if (this.#host.handledElsewhere.has(protocol)) {
      throw osierError('ERR_OSIER_HANDLER_EXISTS', `'${protocol}' has a handler on the main thread: close that one first.`, { protocol });
    }
    const { core } = this.#host;
    const registration = rest.length === 1 ? core.handle(protocol, undefined, rest[0]) : core.handle(protocol, rest[0], rest[1]);
    this.#handled.set(protocol, registration);
    this.#host.tell({ op: 'handled', protocol, handled: true });
    const close = async (options?: CloseOptions) => {
      const report = await registration.close(options);
      // Another one may have it by now.
      if (this.#handled.get(protocol) === registration) {
        this.#handled.delete(protocol);
        this.#host.tell({ op: 'handled', protocol, handled: false });
      }
      return report;
    };
    return { protocol, close, [Symbol.asyncDispose]: async () => void (await close()) };
  }
}
