import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { stringValue?: string; intValue?: number | string; boolValue?: boolean }
type Attribute = { key: string; value: Value }
type Sent = {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: {
      scope: { name: string }
      spans: (Omit<CollectedSpan, 'attributes' | 'scope'> & { attributes: Attribute[] })[]
    }[]
  }[]
}

/** A span as OTLP has it in JSON, with the attributes of its process and its own as one object. */
export type CollectedSpan = {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  kind: number
  status: { code?: number; message?: string }
  events: unknown[]
  scope: string
  attributes: Record<string, string | number | boolean | undefined>
}

export type TraceCollector = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string
  spans(): CollectedSpan[]
  /** All received headers and bodies as text. */
  received(): string
  /** The largest number of calls at once that waited for a response since `behave` was last called. */
  mostAtOnce(): number
  /** The calls that wait for a response now. */
  waiting(): ReadonlySet<unknown>
  /** From now on it accepts calls, refuses them with this status, or never responds. */
  behave(how: 'accept' | number | 'hang'): void
  stop(): Promise<void>
}

const toObject = (attributes: Attribute[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? Number(value.intValue)]),
  )

/** Receives the traces of a process: OTLP over HTTP in JSON, at the protocol's path. */
export async function startTraceCollector(): Promise<TraceCollector> {
  const bodies: Sent[] = []
  const texts: string[] = []
  let how: Parameters<TraceCollector['behave']>[0] = 'accept'
  const waiting = new Set<unknown>()
  let most = 0
  const server = createServer(async (request, response) => {
    waiting.add(request)
    most = Math.max(most, waiting.size)
    response.on('close', () => waiting.delete(request))
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    if (request.url !== '/v1/traces' || how === 'hang') return
    if (how !== 'accept') return response.writeHead(how).end('{"message":"no"}')
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
              attributes: { ...toObject(resource.attributes), ...toObject(attributes) },
            })),
          ),
        ),
      ),
    received: () => texts.join('\n'),
    mostAtOnce: () => most,
    waiting: () => new Set(waiting),
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
