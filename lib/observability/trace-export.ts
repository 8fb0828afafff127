import { randomUUID } from 'node:crypto'
import { type Attributes, context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { lookupAllowed } from '#lib/adapters/outbound'
import { log } from './log.ts'
import { ourScope } from './traces.ts'

// How spans get to a collector (OTLP over HTTP). Loaded only where somebody asked for it: start-traces.ts. A collector
// that is away costs what is in here and no more: a queue that is cut off, and a call that ends.

/** Milliseconds. What a collector does not take within this time is thrown away. */
const sendTimeout = 5_000
/** Spans that wait; what comes on top is thrown away. A span is about 2 kB. */
const longestQueue = 2_048

/**
 * All that a span may tell. Next.js also tells addresses with their queries, and errors with what their messages
 * quote: what is not on this list does not leave the process, whoever put it there.
 */
const told = new Set([
  ...[
    'http.request.method',
    'http.response.status_code',
    'url.template',
    'server.address',
    'server.port',
    'error.type',
  ],
  ...['k8s.cluster.name', 'postern.reference', 'postern.grant.id', 'postern.grant.status', 'postern.request.id'],
  // Next.js keeps to former names of the conventions. Its routes are files of ours, not addresses.
  ...['http.method', 'http.status_code', 'http.route', 'next.route', 'next.span_type', 'next.rsc'],
])

/** Next.js writes addresses into some of its names; its own words for kind and route say as much. */
function nameOf({ name, attributes, instrumentationScope }: ReadableSpan): string {
  if (instrumentationScope.name === ourScope) return name
  const { 'next.span_type': type, 'http.method': method, 'http.route': route } = attributes
  if (type === 'BaseServer.handleRequest') return [method, route].filter(Boolean).join(' ')
  return String(type ?? 'Next.js')
}

const toldOf = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => told.has(key)))

/** The span as it leaves: without events, links and messages of errors, which may hold anything. */
const leaving = (span: ReadableSpan): ReadableSpan => ({
  name: nameOf(span),
  kind: span.kind,
  spanContext: () => span.spanContext(),
  parentSpanContext: span.parentSpanContext,
  startTime: span.startTime,
  endTime: span.endTime,
  status: { code: span.status.code },
  attributes: toldOf(span.attributes),
  links: [],
  events: [],
  duration: span.duration,
  ended: span.ended,
  resource: span.resource,
  instrumentationScope: span.instrumentationScope,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
})

/** Sends what may leave, and logs when sending begins to fail and when it works again, not each time. */
function guarded(exporter: SpanExporter): SpanExporter {
  let isFailing = false
  return {
    export: (spans, done) =>
      exporter.export(spans.map(leaving), (result) => {
        const { error } = result
        if (error && !isFailing) {
          // Only the code: the collector's answer is its own, and may quote what it was sent.
          const { code } = error as { code?: unknown }
          log.warn({ code: code ?? error.name }, 'traces cannot be sent; they are thrown away until they can')
        } else if (!error && isFailing) {
          log.info('traces are sent again')
        }
        isFailing = Boolean(error)
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

/**
 * From here on spans are sent to `url`. Headers, compression and what names this process come from the environment
 * (OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES and so on), which the packages read themselves.
 * @returns how to send what is left, for as long as the collector takes it
 */
export function startExport(url: string, role: string): () => Promise<void> {
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: sendTimeout,
    // A collector that lets its answers trickle holds so many calls, and what comes after is thrown away.
    concurrencyLimit: 2,
    // `timeout`: also of a connection that is not made.
    httpAgentOptions: { keepAlive: true, maxSockets: 2, timeout: sendTimeout, lookup: lookupAllowed([]) },
  })
  const exported = new BatchSpanProcessor({
    exporter: guarded(exporter),
    maxQueueSize: longestQueue,
    exportTimeoutMillis: sendTimeout,
  })
  const ours = resourceFromAttributes({
    ...{ 'service.name': 'postern', 'service.instance.id': randomUUID(), 'postern.role': role },
  })
  const provider = new TracerProvider({
    resource: ours.merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [exported],
    spanLimits: { attributeValueLengthLimit: 256 },
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  // No propagator: who calls does not say which trace it is, nor whether it is one.
  trace.setGlobalTracerProvider(provider)
  return () => provider.shutdown()
}
