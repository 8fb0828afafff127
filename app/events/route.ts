import { currentActor } from '#lib/adapters/auth/session'
import { changeStream } from '#lib/api/event-stream'
import { methodsOf } from '#lib/api/methods'
import { problemOf } from '#lib/api/problem'
import { AppError } from '#lib/core/access/errors'
import { watchChanges } from '#lib/views/watch-changes'

/** Tells an open page that something its reader can see has changed. For the browser's session; the API has no stream. */
async function events(request: Request): Promise<Response> {
  const actor = await currentActor()
  if (!actor) return new Response(null, { status: 401, headers: { 'cache-control': 'no-store' } })
  if (request.method === 'HEAD') return new Response(null, { headers: { 'cache-control': 'no-store' } })
  try {
    const since = Number(new URL(request.url).searchParams.get('since') ?? Number.NaN)
    return changeStream(actor.person.id, request.signal, (onChange) =>
      watchChanges(actor, onChange, Number.isFinite(since) ? since : undefined),
    )
  } catch (error) {
    if (error instanceof AppError) return problemOf(error, actor.origin.reference)
    throw error
  }
}

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({ GET: events })

export const dynamic = 'force-dynamic'
