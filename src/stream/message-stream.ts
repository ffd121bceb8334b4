import type { MessageOutcome, MessageStream, SendOptions } from '../api/streams.js';
import { invalidOption } from '../errors/index.js';
import { bytesOption, rejecting, signalOption } from '../errors/option-checks.js';
import { batchesOf, iterate } from './iterators.js';
import { MessageEnd } from './message-end.js';
import { lifetimeOption } from './message-options.js';

/** One end of a 'messages' stream. */
export class MessageStreamEnd extends MessageEnd implements MessageStream {
  readonly kind = 'messages';

  send(message: Uint8Array, options?: SendOptions): Promise<void> {
    return rejecting(() => this.sender.send(bytesOption('message', message), lifetimeOption(options?.lifetimeMs), signalOption(options?.signal)));
  }

  trySend(message: Uint8Array): boolean {
    return this.sender.trySend(bytesOption('message', message));
  }

  deliver(message: Uint8Array, options?: SendOptions): Promise<MessageOutcome> {
    return rejecting(() => this.sender.deliver(bytesOption('message', message), lifetimeOption(options?.lifetimeMs), signalOption(options?.signal)));
  }

  batches(): AsyncIterable<Uint8Array[]> {
    return { [Symbol.asyncIterator]: () => batchesOf(this.receiver) };
  }

  until(signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (signalOption(signal) === undefined) throw invalidOption('signal', 'must be an AbortSignal');
    return { [Symbol.asyncIterator]: () => iterate(this.receiver, () => this.receiver.next(signal)) };
  }
}
