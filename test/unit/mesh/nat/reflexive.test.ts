import { describe, expect, test } from 'vitest';
import { type Observation, Reflexive, stateOf } from '../../../../src/mesh/nat/reflexive.js';

const seen = (observerHost: string, host: string, port: number, others: Partial<Observation> = {}): Observation => ({
  socket: 0,
  observerHost,
  seen: { host, port },
  isOwn: false,
  ...others,
});
const OWN = { isOwn: true };

describe('the class of the routers before a node', () => {
  test('is unknown while nobody, or one host alone, says where it sees the node', () => {
    expect(stateOf([])).toEqual({ nat: 'unknown', isTranslated: false, seen: [], shared: [] });
    const one = [seen('10.0.0.1', '5.5.5.5', 20_000), seen('10.0.0.1', '5.5.5.5', 20_000)];
    expect(stateOf(one)).toEqual({ nat: 'unknown', isTranslated: true, seen: [{ host: '5.5.5.5', port: 20_000 }], shared: [] });
  });

  test('is none where all see an address of the machine', () => {
    expect(stateOf([seen('10.0.0.1', '5.5.5.5', 7_400, OWN)])).toEqual({ nat: 'none', isTranslated: false, seen: [], shared: [] });
  });

  test('is endpoint-independent where observers of different hosts see the same, which all may be told of', () => {
    const hosts = [{ host: '5.5.5.5', port: 20_000 }];
    expect(stateOf([seen('10.0.0.1', '5.5.5.5', 20_000), seen('10.0.0.2', '5.5.5.5', 20_000)])).toEqual({
      nat: 'endpoint-independent',
      isTranslated: true,
      seen: hosts,
      shared: hosts,
    });
  });

  test('is endpoint-dependent where they see different ones, which nobody is told of', () => {
    const state = stateOf([seen('10.0.0.1', '5.5.5.5', 20_000), seen('10.0.0.2', '5.5.5.5', 20_001)]);
    expect(state).toMatchObject({ nat: 'endpoint-dependent', shared: [] });
    expect(state.seen).toHaveLength(2);
  });

  test('is not changed by one observer that says something else than two others', () => {
    const state = stateOf([seen('10.0.0.3', '6.6.6.6', 1), seen('10.0.0.1', '5.5.5.5', 20_000), seen('10.0.0.2', '5.5.5.5', 20_000)]);
    expect(state).toMatchObject({ nat: 'endpoint-independent', seen: [{ host: '5.5.5.5', port: 20_000 }] });
  });

  test('is found without what observers on this side of the router see', () => {
    const state = stateOf([seen('192.168.0.9', '192.168.0.2', 7_400, OWN), seen('10.0.0.1', '5.5.5.5', 20_000)]);
    expect(state).toMatchObject({ nat: 'unknown', isTranslated: true });
  });

  test('is the worst of those of its sockets and families', () => {
    const six = [seen('2001:db8::1', '2001:db8::5', 7_400, OWN), seen('2001:db8::2', '2001:db8::5', 7_400, OWN)];
    const four = [seen('10.0.0.1', '5.5.5.5', 20_000), seen('10.0.0.2', '5.5.5.5', 20_001)];
    expect(stateOf([...six, ...four]).nat).toBe('endpoint-dependent');
    expect(stateOf([...six, ...four.map((one) => ({ ...one, seen: { host: '5.5.5.5', port: 9 } }))]).nat).toBe('endpoint-independent');
    expect(stateOf([four[0], { ...four[1], socket: 1 }] as Observation[]).nat).toBe('unknown');
  });
});

describe('what observers say', () => {
  test('changes class and addresses together, and holds until they say otherwise or are gone', () => {
    const reflexive = new Reflexive();
    expect(reflexive.saw('a', seen('10.0.0.1', '5.5.5.5', 20_000))).toBe(true);
    expect(reflexive.saw('b', seen('10.0.0.2', '5.5.5.5', 20_000))).toBe(true);
    const before = reflexive.state;
    expect(before).toMatchObject({ nat: 'endpoint-independent', shared: [{ host: '5.5.5.5', port: 20_000 }] });
    expect(reflexive.saw('b', seen('10.0.0.2', '5.5.5.5', 20_000))).toBe(false);
    expect(reflexive.saw('b', seen('10.0.0.2', '6.6.6.6', 30_000))).toBe(true);
    expect(reflexive.state).toMatchObject({ nat: 'endpoint-dependent', shared: [] });
    expect(before).toMatchObject({ nat: 'endpoint-independent', shared: [{ host: '5.5.5.5', port: 20_000 }] });
    expect(reflexive.forget('a')).toBe(true);
    expect(reflexive.state).toMatchObject({ nat: 'unknown', seen: [{ host: '6.6.6.6', port: 30_000 }] });
    expect(reflexive.forget('a')).toBe(false);
  });

  test('is kept of 64 observers, those heard of last', () => {
    const reflexive = new Reflexive();
    reflexive.saw('first', seen('10.0.0.1', '5.5.5.5', 1));
    for (let number = 0; number < 64; number++) reflexive.saw(`${number}`, seen(`10.1.0.${number}`, '6.6.6.6', 2));
    expect(reflexive.state).toMatchObject({ nat: 'endpoint-independent', seen: [{ host: '6.6.6.6', port: 2 }] });
    expect(reflexive.forget('first')).toBe(false);
  });
});
