import { describe, expect, it } from 'vitest';
import { OsierError } from '../../../src/errors/index.js';
import { formatAddress, generateIdentity, type NodeId, parseAddress } from '../../../src/identity/index.js';
import { codeOf } from './errors.js';

const { id } = await generateIdentity();

describe('an address', () => {
  it.each([
    [`osier://${id}@example.com:7400`, id, [{ host: 'example.com', port: 7400 }]],
    [`osier://${id}@10.0.0.1:1`, id, [{ host: '10.0.0.1', port: 1 }]],
    [`osier://${id}@[2001:db8::1]:65535`, id, [{ host: '2001:db8::1', port: 65_535 }]],
    [`osier://${id}@[fe80::1%eth0.7]:7400`, id, [{ host: 'fe80::1%eth0.7', port: 7400 }]],
    [
      `osier://${id}@a.example:1,[::1]:2,127.0.0.1:3`,
      id,
      [
        { host: 'a.example', port: 1 },
        { host: '::1', port: 2 },
        { host: '127.0.0.1', port: 3 },
      ],
    ],
    ['osier://localhost:7400', null, [{ host: 'localhost', port: 7400 }]],
    [
      'osier://a:1,b:2',
      null,
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
    ],
    [id, id, []],
  ])('%s is read and written alike', (text, expectedId, hosts) => {
    const address = parseAddress(text);
    expect(address).toEqual({ id: expectedId, hosts });
    expect(formatAddress(address)).toBe(text);
  });

  it('is the same in either case of its scheme, id, names and hexadecimal digits', () => {
    expect(parseAddress(`OSIER://${id.toUpperCase()}@Example.COM:1,[2001:DB8::A]:2`)).toEqual(
      parseAddress(`osier://${id}@example.com:1,[2001:db8::a]:2`),
    );
    expect(parseAddress(id.toUpperCase())).toEqual({ id, hosts: [] });
    expect(parseAddress(`osier://${id}`)).toEqual({ id, hosts: [] });
  });

  it('keeps the case of a zone, and of nothing else', () => {
    expect(
      formatAddress({
        id,
        hosts: [
          { host: 'FE80::A%Eth0', port: 1 },
          { host: 'HOST', port: 2 },
        ],
      }),
    ).toBe(`osier://${id}@[fe80::a%Eth0]:1,host:2`);
  });

  it.each([
    '',
    'osier://',
    'osier://@host:1',
    'osier://host',
    'osier://host:',
    'osier://:7400',
    'osier://host:0',
    'osier://host:65536',
    'osier://host:07400',
    'osier://host:+1',
    'osier://host:1e3',
    'osier://host: 1',
    'osier://host:1/',
    'osier://host:1/path',
    'osier://host:1?x',
    'osier://host:1#x',
    'osier://host:1,',
    'osier://,host:1',
    'osier://host:1,,host:2',
    'osier://::1:7400',
    'osier://[::1]',
    'osier://[::1]7400',
    'osier://[::1:7400',
    'osier://[127.0.0.1]:1',
    'osier://[::g]:1',
    'osier://[::1%]:1',
    'osier://[::1%a%b]:1',
    'osier://[::1%eth 0]:1',
    'osier://127.0.0.256:1',
    'osier://127.1:1',
    'osier://1.2.3.4.5:1',
    'osier://0x7f000001:1',
    'osier://-a.example:1',
    'osier://a-.example:1',
    'osier://a..example:1',
    `osier://${'a'.repeat(64)}.example:1`,
    `osier://${'a.'.repeat(127)}a:1`,
    'osier://exämple.com:1',
    'osier://host\n:1',
    'osier://user@host:1',
    'http://host:1',
    'udp://host:1',
    'host:1',
    'garbage',
    `osier://${'h:1,'.repeat(100_000)}h:1`,
    `osier://${id}@`,
    `osier://${id}@${id}@host:1`,
  ])('%s is none, by a typed error', (text) => {
    expect(codeOf(() => parseAddress(text))).toMatch(/^ERR_OSIER_BAD_(ADDRESS|ID)$/);
  });

  it('says in its error what was given, what is wrong and how to write it', () => {
    try {
      parseAddress('osier://host:99999');
      expect.unreachable();
    } catch (error) {
      expect(OsierError.is(error, 'ERR_OSIER_BAD_ADDRESS') && error.details).toEqual({ input: 'osier://host:99999' });
      expect(String(error)).toContain("'99999' is not a port from 1 to 65535. Write osier://<id>@host:port");
    }
  });

  it('names up to 64 hosts, read and written', () => {
    const hosts = (count: number) => Array.from({ length: count }, (_, index) => ({ host: 'host', port: 1 + index }));
    const text = (count: number) => `osier://${id}@${hosts(count).map(({ host, port }) => `${host}:${port}`)}`;
    expect(parseAddress(text(64))).toEqual({ id, hosts: hosts(64) });
    expect(formatAddress({ id, hosts: hosts(64) })).toBe(text(64));
    expect(codeOf(() => parseAddress(text(65)))).toBe('ERR_OSIER_BAD_ADDRESS');
    expect(codeOf(() => formatAddress({ id, hosts: hosts(65) }))).toBe('ERR_OSIER_BAD_ADDRESS');
  });

  it('with a bad id in it is BAD_ID', () => {
    expect(codeOf(() => parseAddress(`osier://${id.slice(1)}@host:1`))).toBe('ERR_OSIER_BAD_ID');
    expect(codeOf(() => parseAddress('a'.repeat(52)))).toBe('ERR_OSIER_BAD_ID');
  });

  it.each([
    [{ id: null, hosts: [] }],
    [{ id: 'nobody' as NodeId, hosts: [] }],
    [{ id, hosts: [{ host: 'a b', port: 1 }] }],
    [{ id, hosts: [{ host: 'host', port: 0 }] }],
    [{ id, hosts: [{ host: 'host', port: 1.5 }] }],
    [{ id, hosts: [{ host: 'host', port: Number.NaN }] }],
    [{ id, hosts: [{ host: 'a:1,b', port: 1 }] }],
    [{ id, hosts: [{ host: `${id}@host`, port: 1 }] }],
    [{ id, hosts: [{ host: '', port: 1 }] }],
    [{ id, hosts: 'host:1' as unknown as [] }],
    [{ id, hosts: [null] as unknown as [] }],
    [{ id: 5 as unknown as NodeId, hosts: [] }],
    [null as unknown as { id: null; hosts: [] }],
  ])('is not written from parts that it could not be read from', (address) => {
    expect(codeOf(() => formatAddress(address))).toBe('ERR_OSIER_BAD_ADDRESS');
  });
});
