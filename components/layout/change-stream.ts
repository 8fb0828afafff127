// One stream of changes for all tabs of a browser: the tab that holds the lock listens and notifies the others. Over HTTP/1.1 a
// browser opens six connections to a site, and a stream in each tab would use them up.

const name = 'postern-changes'
/** Milliseconds between refreshes while there is no stream. */
const pollMs = 10_000
/** Milliseconds until a refused stream is retried. */
const retryMs = 30_000

/** Listens until aborted. Calls `onChange` for each change, and periodically while it cannot listen. */
function listen(onChange: () => void, signal: AbortSignal) {
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
    const next = new EventSource('/events')
    source = next
    let hasOpened = false
    next.addEventListener('open', () => {
      previous?.close()
      isListening()
      // The browser has reconnected, and changes may have been missed meanwhile.
      if (hasOpened) onChange()
      hasOpened = true
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

/** Calls `onChange` whenever something that this person can see has changed, until aborted. */
export function onChanges(onChange: () => void, signal: AbortSignal) {
  // Locks exist in secure contexts only (https, or a loopback address).
  if (!navigator.locks) return listen(onChange, signal)
  const tabs = new BroadcastChannel(name)
  tabs.addEventListener('message', onChange)
  signal.addEventListener('abort', () => tabs.close())
  const hold = () =>
    new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve())
      listen(() => {
        if (signal.aborted) return
        tabs.postMessage(null)
        onChange()
      }, signal)
    })
  // Rejects when aborted while another tab holds the lock.
  navigator.locks.request(name, { signal }, hold).catch(() => {})
}
