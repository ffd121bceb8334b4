import type { DatagramOutcome, DatagramStream, MessageOutcome } from '../api/streams.js';
import type { WaitOptions } from '../api/waiting.js';
import { bytesOption, rejecting, signalOption } from '../errors/option-checks.js';
import { MessageEnd } from './message-end.js';

/** One end of a 'datagrams' stream. */
export class DatagramStreamEnd extends MessageEnd implements DatagramStream {
  readonly kind = 'datagrams';

  get maxUnfragmentedBytes(): number {
    return this.port.maxDatagramBytes();
  }

  trySend(datagram: Uint8Array): boolean {
    return this.sender.trySend(bytesOption('datagram', datagram));
  }

  deliver(datagram: Uint8Array, options?: WaitOptions): Promise<DatagramOutcome> {
    return rejecting(async () => {
      const outcome = await this.sender.deliver(bytesOption('datagram', datagram), undefined, signalOption(options?.signal));
      return datagramOutcome(outcome);
    });
  }
}

function datagramOutcome(outcome: MessageOutcome): DatagramOutcome {
  switch (outcome.status) {
    case 'delivered':
      return { status: 'acknowledged' };
    case 'expired':
      return { status: 'presumed-lost' };
    case 'unknown':
      return outcome;
  }
}
