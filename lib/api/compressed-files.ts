import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { fileHeaders } from './page-headers.ts'

/** By path, such as `/_next/static/chunks/1.js`. */
export type CompressedFiles = ReadonlyMap<string, { type: string; content: Buffer }>

const types = { '.js': 'application/javascript; charset=UTF-8', '.css': 'text/css; charset=UTF-8' }

/** The scripts and styles that the build has compressed (local/parts/compress-static.ts). */
export function readCompressedFiles(): CompressedFiles {
  const folder = join(/* turbopackIgnore: true */ process.cwd(), '.next/static')
  const files = new Map<string, { type: string; content: Buffer }>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    for (const [ending, type] of Object.entries(types)) {
      if (!name.endsWith(`${ending}.br`)) continue
      files.set(`/_next/static/${name.slice(0, -'.br'.length)}`, { type, content: readFileSync(join(folder, name)) })
    }
  return files
}

/** Browsers write it in this way; for any other client Next.js chooses the encoding. */
const takesBrotli = (accepted: string) => accepted.split(',').some((encoding) => encoding.trim() === 'br')

/**
 * Answers requests for a script or a style with what the build compressed, a sixth smaller than what Next.js would compress
 * each time. The result says whether this request was one of them.
 * @param isHttps whether browsers reach Postern over https
 */
export function serveCompressed(files: CompressedFiles, isHttps: () => boolean) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { method = '', url = '', headers } = request
    const file = files.get(url)
    if (!file || !['GET', 'HEAD'].includes(method) || !takesBrotli(String(headers['accept-encoding'] ?? '')))
      return false
    response.writeHead(200, {
      ...fileHeaders(isHttps()),
      'content-type': file.type,
      'content-encoding': 'br',
      'content-length': file.content.length,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    })
    response.end(method === 'HEAD' ? undefined : file.content)
    return true
  }
}
