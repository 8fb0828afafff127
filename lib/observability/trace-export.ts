import { randomUUID } from 'node:crypto'
import { type Attributes, context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import { lookupAllowed } from '#lib/adapters/outbound'
import { log } from './log.ts'
import { ourScope } from './traces.ts'

// Sends spans to a collector (OTLP over HTTP). start-traces.ts loads this file only where traces are configured. An
// unreachable collector costs no more than the limits below: a bounded queue, and calls that time out.

/** Milliseconds. A batch that the collector doesn't accept within this time is dropped. */
const sendTimeout = 5_000
/** How many spans may wait; further ones are dropped. A span is about 2 kB. */
const longestQueue = 2_048

/**
 * The attributes that may leave the process, an allow-list: Next.js also sets URLs with their queries, and errors whose
 * messages quote user input.
 */
const exportedAttributes = new Set([
  ...[
    'http.request.method',
    'http.response.status_code',
    'url.template',
    'server.address',
    'server.port',
    'error.type',
  ],
  ...['k8s.cluster.name', 'postern.reference', 'postern.grant.id', 'postern.grant.status', 'postern.request.id'],
  // Next.js uses older names of the semantic conventions. Its routes are file names of ours, not URLs.
  ...['http.method', 'http.status_code', 'http.route', 'next.route', 'next.span_type', 'next.rsc'],
])

/** Next.js puts URLs into some span names; its span type and route are as informative. */
function nameOf({ name, attributes, instrumentationScope }: ReadableSpan): string {
  if (instrumentationScope.name === ourScope) return name
  const { 'next.span_type': type, 'http.method': method, 'http.route': route } = attributes
  if (type === 'BaseServer.handleRequest') return [method, route].filter(Boolean).join(' ')
  return String(type ?? 'Next.js')
}

const exportedOf = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([key]) => exportedAttributes.has(key)))

/** The span as it is sent: without events, links and error messages, which may contain anything. */
const redacted = (span: ReadableSpan): ReadableSpan => ({
  name: nameOf(span),
  kind: span.kind,
  spanContext: () => span.spanContext(),
  parentSpanContext: span.parentSpanContext,
  startTime: span.startTime,
  endTime: span.endTime,
  status: { code: span.status.code },
  attributes: exportedOf(span.attributes),
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

/** Sends redacted spans, and logs when sending starts to fail and when it works again, but not every failure. */
function guarded(exporter: SpanExporter): SpanExporter {
  let isFailing = false
  return {
    export: (spans, done) =>
      exporter.export(spans.map(redacted), (result) => {
        const { error } = result
        if (error && !isFailing) {
          // Only the code: the collector's response is untrusted and may quote the spans.
          const { code } = error as { code?: unknown }
          log.warn({ code: code ?? error.name }, 'the collector does not accept traces; they are dropped until it does')
        } else if (!error && isFailing) {
          log.info('the collector accepts traces again')
        }
        isFailing = Boolean(error)
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

/**
 * Starts sending spans to `url`. The OpenTelemetry packages read headers, compression and resource attributes from the
 * environment themselves (OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES and so on).
 * @returns a function that sends the remaining spans and shuts down
 */
export function startExport(url: string, role: string): () => Promise<void> {
  const exporter = new OTLPTraceExporter({
    url,
    timeoutMillis: sendTimeout,
    // A collector that responds slowly occupies this many calls; further batches are dropped.
    concurrencyLimit: 2,
    // `timeout` also covers connecting.
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
  // No propagator: a caller must not choose the trace id, or whether a trace is recorded.
  trace.setGlobalTracerProvider(provider)
  return () => provider.shutdown()
}
