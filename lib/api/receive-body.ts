import type { IncomingMessage } from 'node:http'

/**
 * Reads the body of a request and puts it back, so that whatever reads it next finds it complete. Next.js leaves an
 * unhandled rejection behind for each client that disconnects in the middle of a body, and never stops waiting for the
 * rest of it.
 * @param maxBytes a longer body is not read to its end
 * @returns whether the body is complete; it does not resolve where the client disconnects: there is no one to answer
 */
export function receiveBody(request: IncomingMessage, maxBytes: number): Promise<'complete' | 'too-large'> {
  const { promise, resolve } = Promise.withResolvers<'complete' | 'too-large'>()
  const isChunked = request.headers['transfer-encoding'] !== undefined
  const expected = isChunked ? Number.POSITIVE_INFINITY : Number(request.headers['content-length'] ?? 0)
  const chunks: Buffer[] = []
  let size = 0
  const read = () => {
    // NB: an empty stream must not be read. It would end, and its next reader would never hear of that.
    while (request.readableLength > 0 && size <= maxBytes) {
      const chunk: Buffer | null = request.read()
      if (chunk === null) break
      chunks.push(chunk)
      size += chunk.length
    }
    const isTooLarge = size > maxBytes
    if (!isTooLarge && size < expected && !request.complete) return
    request.off('readable', read)
    if (size > 0 && !isTooLarge) request.unshift(Buffer.concat(chunks))
    resolve(isTooLarge ? 'too-large' : 'complete')
  }
  // A disconnected client; without a listener the error would end the process.
  request.on('error', () => {})
  if (!isChunked && expected > maxBytes) resolve('too-large')
  else if (expected === 0) resolve('complete')
  // What arrived together with the headers has been parsed by then.
  else
    setImmediate(() =>
      request.complete && request.readableLength === 0 ? resolve('complete') : request.on('readable', read),
    )
  return promise
}
