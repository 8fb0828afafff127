import { AppError } from '#lib/core/access/errors'
import { holdOpen } from './held-connections.ts'

/** Milliseconds. Proxies drop connections on which nothing is sent for a minute. */
const keepAliveMs = 25_000
/** Milliseconds after which the browser is told to connect again, so that a session that has ended is noticed. */
const renewAfterMs = 5 * 60_000
/** Milliseconds that the browser then has for it, before this connection is closed. */
const closeAfterMs = renewAfterMs + 15_000
const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  // `no-transform` keeps Next's compression away, which would hold messages back; the last one does the same for nginx.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

/**
 * A stream of server-sent events (HTML, §9.2) without content: `change` means that something the reader can see has
 * changed, `renew` asks the browser to open the next stream. It says nothing about what changed.
 * @param subscribe registers a callback for changes and returns what ends it
 * @throws AppError `rate-limited` when this person has too many streams open
 */
export function changeStream(
  personId: string,
  signal: AbortSignal,
  subscribe: (onChange: () => void) => () => void,
): Response {
  const text = new TextEncoder()
  let end = () => {}
  const letGo = holdOpen('stream', personId, () => end())
  if (!letGo)
    throw new AppError('rate-limited', 'Too many pages of yours are listening for changes. Close some of them.', {
      retryAfterSeconds: 30,
    })
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (message: string) => {
        // A client that reads nothing for minutes gets no queue of its own.
        if ((controller.desiredSize ?? 0) < -100) end()
        else controller.enqueue(text.encode(message))
      }
      const unsubscribe = subscribe(() => send('event: change\ndata: 1\n\n'))
      const keepAlive = setInterval(() => send(': keep-alive\n\n'), keepAliveMs)
      const renew = setTimeout(() => send('event: renew\ndata: 1\n\n'), renewAfterMs)
      const close = setTimeout(() => end(), closeAfterMs)
      let isOpen = true
      end = () => {
        if (!isOpen) return
        isOpen = false
        unsubscribe()
        clearInterval(keepAlive)
        clearTimeout(renew)
        clearTimeout(close)
        letGo()
        signal.removeEventListener('abort', end)
        try {
          controller.close()
        } catch {
          // The browser closed it first.
        }
      }
      signal.addEventListener('abort', end)
      send('retry: 3000\n\n')
    },
    cancel: () => end(),
  })
  return new Response(body, { headers })
}
