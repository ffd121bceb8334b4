/**
 * OpenTelemetry, without depending on it. The types name the part of `@opentelemetry/api` that is used.
 *
 * @module osier/metrics/otel
 */
import type { StreamInfo, TracingHook } from '../index.js';

/** What is used of the module `@opentelemetry/api`: pass the module itself. `Context` and `Span` are its own types. */
export interface OtelApi<Context, Span extends { end(): void; recordException(error: Error): void }> {
  readonly context: { active(): Context; with<T>(context: Context, run: () => T): T };
  readonly propagation: {
    inject(context: Context, carrier: Record<string, string>): void;
    extract(context: Context, carrier: Readonly<Record<string, string>>): Context;
  };
  readonly trace: {
    getTracer(name: string): { startSpan(name: string, options: object, context: Context): Span };
    setSpan(context: Context, span: Span): Context;
  };
}

/** Numbers of `SpanKind`. */
const SERVER = 1;
const CLIENT = 2;

/**
 * A hook for the option `tracing` of a node: a span per stream, its context carried in the stream's metadata.
 *
 * @example
 * ```ts
 * import * as otel from '@opentelemetry/api';
 * const node = await MeshNode.create({ …, tracing: otelTracing(otel) });
 * ```
 */
export function otelTracing<Context, Span extends { end(): void; recordException(error: Error): void }>(api: OtelApi<Context, Span>): TracingHook {
  const { context, propagation, trace } = api;
  // Asked for at each span: a provider may be registered later.
  const startSpan = (info: StreamInfo, kind: number, parent: Context): Span =>
    trace.getTracer('osier').startSpan(`osier ${info.protocol}`, { kind, attributes: attributesOf(info) }, parent);
  return {
    opening(info, metadata) {
      const parent = context.active();
      const span = startSpan(info, CLIENT, parent);
      propagation.inject(trace.setSpan(parent, span), metadata);
      return (error) => finish(span, error);
    },
    async handling(info, metadata, run) {
      const parent = propagation.extract(context.active(), metadata);
      const span = startSpan(info, SERVER, parent);
      try {
        await context.with(trace.setSpan(parent, span), run);
        finish(span, null);
      } catch (error) {
        finish(span, error instanceof Error ? error : new Error(String(error)));
        throw error;
      }
    },
  };
}

function finish(span: { end(): void; recordException(error: Error): void }, error: Error | null): void {
  if (error !== null) span.recordException(error);
  span.end();
}

function attributesOf({ protocol, kind, peer, side }: StreamInfo): Readonly<Record<string, string>> {
  return { 'osier.protocol': protocol, 'osier.stream.kind': kind, 'osier.peer.id': peer, 'osier.side': side };
}
