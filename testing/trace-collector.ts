import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { stringValue?: string; intValue?: number | string; boolValue?: boolean }
type Attribute = { key: string; value: Value }
type Sent = {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: {
      scope: { name: string }
      spans: (Omit<CollectedSpan, 'told' | 'scope'> & { attributes: Attribute[] })[]
    }[]
  }[]
}

/** A span as OTLP writes it in JSON. */
export type CollectedSpan = {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  kind: number
  status: { code?: number; message?: string }
  events: unknown[]
  scope: string
  told: Record<string, string | number | boolean | undefined>
}

export type TraceCollector = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string
  spans(): CollectedSpan[]
  /** Every header and body that came, as text. */
  received(): string
  /** The most calls that waited for an answer at once since it last changed its ways. */
  mostAtOnce(): number
  /** What it does from now on with what comes: takes it, says no with this status, or says nothing at all. */
  behave(how: 'takes' | number | 'hangs'): void
  stop(): Promise<void>
}

const toldBy = (attributes: Attribute[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)]),
  )

/** Receives what a process sends as traces: OTLP over HTTP, in JSON, at the address that the protocol has for it. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const bodies: Sent[] = []
  const texts: string[] = []
  let how: Parameters<TraceCollector['behave']>[0] = 'takes'
  let waiting = 0
  let most = 0
  const server = createServer(async (request, response) => {
    waiting += 1
    most = Math.max(most, waiting)
    response.on('close', () => {
      waiting -= 1
    })
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    if (request.url !== '/v1/traces' || how === 'hangs') return
    if (how !== 'takes') return response.writeHead(how).end('{"message":"no"}')
    texts.push(JSON.stringify(request.headers), text)
    bodies.push(JSON.parse(text))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () =>
      bodies.flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ resource, scopeSpans }) =>
          scopeSpans.flatMap(({ scope, spans }) =>
            spans.map(({ attributes, ...span }) => ({
              ...span,
              scope: scope.name,
              told: { ...toldBy(resource.attributes), ...toldBy(attributes) },
            })),
          ),
        ),
      ),
    received: () => texts.join('\n'),
    mostAtOnce: () => most,
    behave: (next) => {
      how = next
      most = 0
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
