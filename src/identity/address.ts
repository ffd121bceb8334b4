import { isIPv4, isIPv6 } from 'node:net';
import { osierError } from '../errors/index.js';
import { NODE_ID_CHARACTERS, type NodeId, parseNodeId } from './node-id.js';

/** An `osier://` address in parts: `id` is `null` in an address to join by, `hosts` is empty in a bare id. */
export interface NodeAddress {
  readonly id: NodeId | null;
  /** Each a name or numeric address, an IPv6 one without brackets and with its zone where it has one, and a UDP port from 1 to 65,535. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
}

/** One of the hosts of an address. */
export type HostAndPort = NodeAddress['hosts'][number];

const SCHEME = 'osier://';

/** More hosts than any node has; keeps what a long text can cost small. */
const HOSTS_MAX = 64;

/** The longest name of RFC 1035 §2.3.4, in text. */
const NAME_CHARACTERS_MAX = 253;

/** Reads an address or bare id. Errors (thrown): BAD_ADDRESS, BAD_ID. */
export function parseAddress(text: string): NodeAddress {
  if (typeof text !== 'string') throw badAddress(String(text), 'it is not a string');
  if (text.slice(0, SCHEME.length).toLowerCase() !== SCHEME) {
    if (text.length === NODE_ID_CHARACTERS && /^[a-z0-9]*$/i.test(text)) return { id: parseNodeId(text), hosts: [] };
    throw badAddress(text, `it begins with neither '${SCHEME}' nor a node id`);
  }
  const rest = text.slice(SCHEME.length);
  const at = rest.indexOf('@');
  if (at >= 0) return { id: parseNodeId(rest.slice(0, at)), hosts: parseHosts(rest.slice(at + 1), text) };
  if (rest.length === NODE_ID_CHARACTERS && !/[:.]/.test(rest)) return { id: parseNodeId(rest), hosts: [] };
  return { id: null, hosts: parseHosts(rest, text) };
}

/** Writes what {@link parseAddress} reads. Errors (thrown): BAD_ADDRESS. */
export function formatAddress(address: NodeAddress): string {
  const { id, hosts } = checkParts(address);
  if (hosts.length === 0) {
    if (id === null) throw badAddress('', 'it has neither an id nor a host');
    return id;
  }
  if (hosts.length > HOSTS_MAX) throw badAddress(`${hosts.length} hosts`, `it names more than ${HOSTS_MAX} hosts`);
  const written = hosts.map((host) => formatHost(parseHostAndPort(formatHost(host))));
  return `${SCHEME}${id === null ? '' : `${id}@`}${written.join(',')}`;
}

/** Reads `host:port`, an IPv6 address in brackets. Errors (thrown): BAD_ADDRESS. */
export function parseHostAndPort(text: string): HostAndPort {
  return parseHost(text, text);
}

/** Writes `host:port`, an IPv6 address in brackets. */
export function formatHost({ host, port }: HostAndPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseHosts(text: string, input: string): HostAndPort[] {
  const parts = text.split(',', HOSTS_MAX + 1);
  if (parts.length > HOSTS_MAX) throw badAddress(input, `it names more than ${HOSTS_MAX} hosts`);
  return parts.map((part) => parseHost(part, input));
}

function parseHost(text: string, input: string): HostAndPort {
  const bracketed = /^\[([^[\]]*)\]:(.*)$/s.exec(text);
  const [, host = '', port = ''] = bracketed ?? /^([^:]*):([^:]*)$/s.exec(text) ?? [];
  if (port === '') throw badAddress(input, `'${text}' is not host:port${text.includes('::') ? ', with an IPv6 address in brackets' : ''}`);
  if (!/^[1-9][0-9]{0,4}$/.test(port) || Number(port) > 65_535) throw badAddress(input, `'${port}' is not a port from 1 to 65535`);
  const isHost = bracketed !== null ? isIPv6Host(host) : isIPv4(host) || isName(host);
  if (!isHost) throw badAddress(input, `'${host}' is neither a host name nor an IP address`);
  return { host: canonicalHost(host), port: Number(port) };
}

/** Names and hexadecimal digits in lower case; a zone as it is, for interfaces have names that differ by case. */
function canonicalHost(host: string): string {
  const [name = '', ...zone] = host.split('%');
  return [name.toLowerCase(), ...zone].join('%');
}

/** An IPv6 address, with a zone (RFC 4007 §11) of the characters that interface names have. */
function isIPv6Host(host: string): boolean {
  const [address = '', zone, ...more] = host.split('%');
  return more.length === 0 && isIPv6(address) && (zone === undefined || /^[A-Za-z0-9._~-]{1,64}$/.test(zone));
}

/** A name of dot-separated labels. The last is not a number: what looks like an IPv4 address must be one (WHATWG URL, "ends in a number"). */
function isName(host: string): boolean {
  const labels = host.replace(/\.$/, '').split('.');
  const isLabel = (label: string): boolean => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label);
  return host.length <= NAME_CHARACTERS_MAX && labels.every(isLabel) && !/^(?:[0-9]+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '');
}

/** The parts of an address that a program put together, each of its type. */
function checkParts(address: NodeAddress): NodeAddress {
  const isObject = typeof address === 'object' && address !== null;
  if (!isObject || !Array.isArray(address.hosts)) throw badAddress(String(address), 'it is not an object with an id and a list of hosts');
  for (const entry of address.hosts as unknown[]) {
    const isEntry = typeof entry === 'object' && entry !== null && 'host' in entry && 'port' in entry;
    if (!isEntry || typeof entry.host !== 'string' || typeof entry.port !== 'number') throw badAddress(String(entry), 'a host is not { host, port }');
  }
  if (address.id !== null && typeof address.id !== 'string') throw badAddress(String(address.id), 'its id is not a string');
  return { id: address.id === null ? null : idOfAddress(address.id), hosts: address.hosts };
}

/** As {@link parseNodeId}, failing as an address does. */
function idOfAddress(id: string): NodeId {
  try {
    return parseNodeId(id);
  } catch (cause) {
    throw badAddress(id, 'its id is not a node id', cause);
  }
}

function badAddress(input: string, problem: string, cause?: unknown): Error {
  const cut = input.length > 200 ? `${input.slice(0, 200)}…` : input;
  const message = `'${cut}' is not an address: ${problem}. Write osier://<id>@host:port, with more hosts after commas.`;
  return osierError('ERR_OSIER_BAD_ADDRESS', message, { input }, cause === undefined ? undefined : { cause });
}
