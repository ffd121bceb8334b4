/** A virtual machine as the network sees it: its addresses, its router, the socket that listens, and whether it runs. */
import type { RekeyIntervals } from '../engine/runtime.js';
import type { SimNat } from './options.js';
import { type Endpoint, Router } from './router.js';

/** The UDP port of every virtual node. */
export const NODE_PORT = 7_400;

/** What a stopped machine keeps for its socket, as Linux does by default. */
export const RECEIVE_BUFFER_BYTES = 212_992;

/** A socket on a virtual machine. */
export interface VirtualSocket {
  readonly port: number;
  /** A datagram has arrived; the bytes are the receiver's. A turn follows when all that has arrived was received. */
  receive(from: Endpoint, datagram: Uint8Array, ecn: number): void;
  /** Does what is due and what came of the datagrams. */ turn(): void;
}

/** See the file's head. */
export class Machine {
  readonly name: string;
  readonly router: Router | null;
  socket: VirtualSocket | null = null;
  /** Stopped until this time; 0 while it runs. */
  frozenUntilMicros = 0;
  /** How far its wall clock is ahead of the network's. */
  wallClockAheadMs = 0;
  /** Of its nodes, where they are not the usual ones. */
  rekeyIntervals: RekeyIntervals | undefined = undefined;
  /** What associations of its nodes begin with. */
  firstPacketNumber = 0;
  #address: string;
  /** What arrived while it was stopped. */
  #waiting: { readonly from: Endpoint; readonly datagram: Uint8Array; readonly ecn: number }[] = [];
  #waitingBytes = 0;

  /** `address` is what others send to: the router's, where there is one; `insideAddress` is the machine's own then. */
  constructor(name: string, nat: SimNat, address: string, insideAddress: string) {
    this.name = name;
    this.router = nat === 'none' ? null : new Router(nat, address);
    this.#address = nat === 'none' ? address : insideAddress;
  }

  /** The address that the machine itself knows. */
  get address(): string {
    return this.#address;
  }

  /** The address that leads here from outside. */
  get publicAddress(): string {
    return this.router?.address ?? this.#address;
  }

  get isFrozen(): boolean {
    return this.frozenUntilMicros > 0;
  }

  renumber(address: string): void {
    if (this.router === null) this.#address = address;
    else this.router.renumber(address);
  }

  /** What a datagram's source is outside; `null`: it does not get there. */
  sourceFor(to: Endpoint): Endpoint | null {
    return this.router === null ? { host: this.#address, port: NODE_PORT } : this.router.outward(NODE_PORT, to);
  }

  /** A datagram has come to `port` of the public address. */
  deliver(port: number, from: Endpoint, datagram: Uint8Array, ecn: number): void {
    const insidePort = this.router === null ? port : this.router.inward(port, from);
    if (this.socket === null || insidePort !== this.socket.port) return;
    if (!this.isFrozen) {
      this.socket.receive(from, datagram, ecn);
      this.socket.turn();
    } else if (this.#waitingBytes + datagram.length <= RECEIVE_BUFFER_BYTES) {
      this.#waiting.push({ from, datagram, ecn });
      this.#waitingBytes += datagram.length;
    }
  }

  /** Runs again: what waited is received, and only then timers fire. */
  thaw(): void {
    this.frozenUntilMicros = 0;
    const waiting = this.#waiting;
    this.#forgetWaiting();
    for (const { from, datagram, ecn } of waiting) this.socket?.receive(from, datagram, ecn);
    this.socket?.turn();
  }

  /** Frees the port, and what waited for it. */
  unbind(socket: VirtualSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    this.#forgetWaiting();
  }

  #forgetWaiting(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
