// One stream of changes for all tabs of a browser: the tab that holds the lock listens and notifies the others. Over HTTP/1.1 a
// browser opens six connections to a site, and a stream in each tab would use them up.

const name = 'postern-changes'
/** Milliseconds between refreshes while there is no stream. */
const pollMs = 10_000
/** Milliseconds until a refused stream is retried. */
const retryMs = 30_000

/** Resolves when the previous page of this tab has given the lock back. */
let leaving: Promise<unknown> = Promise.resolve()

/** Listens until aborted. Calls `onChange` for each change since then, and periodically while it cannot listen. */
function listen(since: number, onChange: () => void, signal: AbortSignal) {
  let source: EventSource | undefined
  let poll: ReturnType<typeof setInterval> | undefined
  let retry: ReturnType<typeof setTimeout> | undefined

  function isListening() {
    clearInterval(poll)
    poll = undefined
  }
  function isCutOff() {
    poll ??= setInterval(onChange, pollMs)
  }

  function open(previous?: EventSource) {
    // With `since` the server also reports changes from before the stream was open, including after the browser reconnected.
    // A renewed stream needs no `since`, because the previous one stays open until then.
    const next = new EventSource(previous ? '/events' : `/events?since=${since}`)
    source = next
    next.addEventListener('open', () => {
      previous?.close()
      isListening()
    })
    next.addEventListener('change', onChange)
    // The old stream is kept until the new one is open, so no change is missed.
    next.addEventListener('renew', () => open(next))
    next.addEventListener('error', () => {
      isCutOff()
      // The browser reconnects automatically unless the server refused the stream.
      if (next.readyState !== EventSource.CLOSED || next !== source) return
      clearTimeout(retry)
      retry = setTimeout(() => open(), retryMs)
    })
  }

  open()
  signal.addEventListener('abort', () => {
    source?.close()
    clearInterval(poll)
    clearTimeout(retry)
  })
}

/**
 * Calls `onChange` whenever something that this person can see has changed, until aborted.
 * @param since milliseconds since 1970, when the server rendered the page
 */
export function onChanges(since: number, onChange: () => void, signal: AbortSignal) {
  // Locks exist in secure contexts only (https, or a loopback address).
  if (!navigator.locks) return listen(since, onChange, signal)
  const tabs = new BroadcastChannel(name)
  tabs.addEventListener('message', onChange)
  signal.addEventListener('abort', () => tabs.close())
  const hold = () =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', () => resolve())
      listen(
        since,
        () => {
          if (signal.aborted) return
          tabs.postMessage(null)
          onChange()
        },
        signal,
      )
    })
  // NB: no timer tells whether another tab listens: on a slow phone a free lock takes a while too, and the page would be
  // refreshed for nothing.
  async function listenOrFollow(locks: LockManager) {
    await leaving
    if (signal.aborted) return
    const isMine = await keep(locks.request(name, { ifAvailable: true }, (lock) => lock && hold().then(() => true)))
    if (isMine || signal.aborted) return
    // A change since this page was rendered may have been missed.
    onChange()
    await keep(locks.request(name, { signal }, hold))
  }
  const keep = <T>(request: Promise<T>): Promise<T> => {
    signal.addEventListener('abort', () => {
      leaving = request.catch(() => {})
    })
    return request
  }
  // Rejects when aborted while another tab holds the lock.
  listenOrFollow(navigator.locks).catch(() => {})
}
