import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, expect, test } from 'vitest';
import type { NodeId, StreamInfo } from '../../../src/index.js';
import { type OtelApi, otelTracing } from '../../../src/metrics/otel.js';

/** A span that notes what was done to it. */
class FakeSpan {
  readonly exceptions: Error[] = [];
  ends = 0;

  constructor(
    readonly id: number,
    readonly name: string,
    readonly options: object,
    readonly parent: number | null,
  ) {}

  recordException(error: Error): void {
    this.exceptions.push(error);
  }

  end(): void {
    this.ends++;
  }
}

/** A context is the id of its span. */
type Context = number | null;

let spans: FakeSpan[];
let api: OtelApi<Context, FakeSpan>;

beforeEach(() => {
  spans = [];
  const active = new AsyncLocalStorage<Context>();
  const startSpan = (name: string, options: object, context: Context): FakeSpan => {
    const span = new FakeSpan(spans.length + 1, name, options, context);
    spans.push(span);
    return span;
  };
  api = {
    context: { active: () => active.getStore() ?? null, with: (context, run) => active.run(context, run) },
    propagation: {
      inject: (context, carrier) => {
        carrier.traceparent = String(context);
      },
      extract: (context, { traceparent }) => (traceparent === undefined ? context : Number(traceparent)),
    },
    trace: { getTracer: () => ({ startSpan }), setSpan: (_context, span) => span.id },
  };
});

const opener: StreamInfo = { protocol: 'orders', kind: 'bytes', peer: 'a'.repeat(52) as NodeId, side: 'opener' };
const handler: StreamInfo = { ...opener, side: 'handler' };

test("the handler's span is a child of the opener's, which is a child of the caller's", async () => {
  const hook = otelTracing(api);
  const metadata: Record<string, string> = {};
  const end = api.context.with(77, () => hook.opening(opener, metadata));
  let activeInside: Context = null;
  await hook.handling(handler, metadata, async () => {
    await null;
    activeInside = api.context.active();
  });
  end(null);
  expect(spans.map(({ id, parent, ends, name }) => ({ id, parent, ends, name }))).toEqual([
    { id: 1, parent: 77, ends: 1, name: 'osier orders' },
    { id: 2, parent: 1, ends: 1, name: 'osier orders' },
  ]);
  expect(spans.map(({ options }) => options)).toMatchObject([
    { kind: 2, attributes: { 'osier.protocol': 'orders', 'osier.side': 'opener' } },
    { kind: 1, attributes: { 'osier.protocol': 'orders', 'osier.side': 'handler' } },
  ]);
  expect(activeInside).toBe(2);
});

test('errors are recorded, and those of the handler passed on', async () => {
  const hook = otelTracing(api);
  const failure = new Error('on purpose');
  hook.opening(opener, {})(failure);
  await expect(hook.handling(handler, {}, () => Promise.reject(failure))).rejects.toBe(failure);
  for (const { exceptions, ends } of spans) expect([exceptions, ends]).toEqual([[failure], 1]);
});
