import { methodsOf } from '#lib/api/methods'
import { openFile } from '#lib/api/open-file'
import { logCheckpoint } from '#lib/views/log-files'

/** The signed checkpoint of the log, for anyone (C2SP tlog-checkpoint). */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: openFile('text/plain; charset=utf-8', (actor) => logCheckpoint(actor)),
})

export const dynamic = 'force-dynamic'
