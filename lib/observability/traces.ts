import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

// Spans of Postern's own work. While traces are off they do nothing: trace-export.ts is loaded only where a collector
// is configured, and lists the attributes that may leave the process. Attribute names follow OpenTelemetry's semantic
// conventions; those with `postern.` are ours.

/** The instrumentation scope of our own spans, to tell them from those of Next.js. */
export const ourScope = 'postern'

type Options = {
  /** `client`: a call to another system. `root`: background work, which starts a trace of its own. */
  kind?: 'client' | 'root'
  attributes: Attributes
}

/**
 * The kind of failure: an HTTP status, a system code or a class name. Never the message, which may be untrusted text.
 */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { status, code, cause, name } = error as Error & { status?: unknown; code?: unknown }
  return String(status ?? code ?? (cause as { code?: unknown } | undefined)?.code ?? name)
}

/** Marks the span as failed, for failures that are not thrown. */
export function markFailed(span: Span, error: unknown): void {
  span.setAttribute('error.type', errorTypeOf(error))
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Runs `work` in a new span that ends with it and records whether it threw. */
export function inSpan<T>(name: string, { kind, attributes }: Options, work: (span: Span) => Promise<T>): Promise<T> {
  const options = {
    kind: kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL,
    root: kind === 'root',
    attributes,
  }
  return trace.getTracer(ourScope).startActiveSpan(name, options, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      markFailed(span, error)
      throw error
    } finally {
      span.end()
    }
  })
}

/** Sets the call's reference, which the log, the audit events and the response also carry, on the current span. */
export function noteReference(reference: string): void {
  trace.getActiveSpan()?.setAttribute('postern.reference', reference)
}
