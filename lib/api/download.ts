import { log } from '#lib/observability/log'
import { holdOpen } from './held-connections.ts'
import { apiHeaders } from './problem.ts'

type Piece = string | Uint8Array

/** A file that is made while it is sent. */
export type Download = { type: string; name: string; pieces: AsyncGenerator<Piece> }

/** A download whose first piece is there, so that every refusal is known before the response begins. */
export type Begun = Download & { first: IteratorResult<Piece>; release: () => void }

/** Reads the first piece; null if this person has too many downloads open. */
export async function beginDownload(download: Download, personId: string): Promise<Begun | null> {
  const release = holdOpen('download', personId, () => void download.pieces.return(undefined))
  if (!release) return null
  try {
    return { ...download, first: await download.pieces.next(), release }
  } catch (error) {
    release()
    throw error
  }
}

/** Sends a piece whenever the reader has taken the one before, so that no more than one is in memory. */
export function downloadResponse({ type, name, pieces, first, release }: Begun, reference: string): Response {
  let waiting: IteratorResult<Piece> | undefined = first
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const piece = waiting ?? (await pieces.next())
          waiting = undefined
          if (!piece.done)
            return controller.enqueue(typeof piece.value === 'string' ? encoder.encode(piece.value) : piece.value)
          release()
          controller.close()
        } catch (error) {
          // The reader sees a broken connection, never a file that seems complete.
          log.warn({ reference, err: error }, 'a download broke off')
          release()
          controller.error(error)
        }
      },
      cancel: async () => {
        release()
        await pieces.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: {
      ...apiHeaders,
      'content-type': type === 'application/zip' ? type : `${type}; charset=utf-8`,
      'content-disposition': `attachment; filename="${name}"`,
      'postern-reference': reference,
    },
  })
}
