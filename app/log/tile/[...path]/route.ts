import { methodsOf } from '#lib/api/methods'
import { openFile } from '#lib/api/open-file'
import { logTile } from '#lib/views/log-files'

/** The tiles of the log (C2SP tlog-tiles): hashes for anyone, entries for auditors and admins. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: openFile('application/octet-stream', (actor, { path }) => logTile(actor, `tile/${[path].flat().join('/')}`)),
})

export const dynamic = 'force-dynamic'
