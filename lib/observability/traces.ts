import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

// Spans of what Postern does. Where nobody asked for traces they are objects that do nothing: lib/observability/trace-export.ts is
// loaded only where somebody did, and says what of a span may leave the process. Names of attributes are those of
// OpenTelemetry's semantic conventions; `postern.…` are ours.

/** Of our own spans, which by their names are told from those of Next.js. */
export const ourScope = 'postern'

type Options = {
  /** `client`: a call of another system. `root`: work that nobody waits for, and so the first span of its trace. */
  kind?: 'client' | 'root'
  attributes: Attributes
}

/** What failed, in a word of ours, of HTTP or of the system. Never its message, which others may have written. */
function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { status, code, cause, name } = error as Error & { status?: unknown; code?: unknown }
  return String(status ?? code ?? (cause as { code?: unknown } | undefined)?.code ?? name)
}

/** Says that what the span tells did not succeed, where that is not thrown. */
export function markFailed(span: Span, error: unknown): void {
  span.setAttribute('error.type', errorTypeOf(error))
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Runs `work` in a span of its own, which ends with it and tells whether it threw. */
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

/** The reference under which log, history and whoever called know it, on the span that is under way. */
export function noteReference(reference: string): void {
  trace.getActiveSpan()?.setAttribute('postern.reference', reference)
}
