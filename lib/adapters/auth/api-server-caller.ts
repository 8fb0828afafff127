import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { currentPolicy } from '#lib/adapters/policy/current'
import { log } from '#lib/observability/log'

const shortestToken = 32

/** The tokens of a file, one in each line, so that a new one can be added before the old one is removed. */
async function tokensIn(file: string): Promise<string[]> {
  try {
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim())
    return lines.filter(({ length }) => length >= shortestToken)
  } catch (error) {
    log.warn({ file, err: error }, 'the tokens of an API server can’t be read, so its calls are refused')
    return []
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** The ways in which an API server calls Postern: each has a token of its own. */
type Way = 'audit' | 'webhookAuthentication'

/**
 * Does the caller have the token of this cluster for this way? The file is read each time, so that a change needs no restart.
 * A cluster that is not configured for it is refused like a wrong token.
 */
async function isApiServer(way: Way, cluster: string, authorization: string | null): Promise<boolean> {
  const sent = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : ''
  const configured = currentPolicy().configuration.clusters.find(({ name }) => name === cluster)?.[way]
  if (!configured || sent.length < shortestToken) return false
  const tokens = await tokensIn(configured.tokenFile)
  // Every token is compared, and in constant time.
  return tokens.map((token) => timingSafeEqual(digest(token), digest(sent))).includes(true)
}

/** May the caller send audit events of this cluster? */
export const isAuditSender = (cluster: string, authorization: string | null): Promise<boolean> =>
  isApiServer('audit', cluster, authorization)

/** May the caller send TokenReviews of this cluster? */
export const isTokenReviewer = (cluster: string, authorization: string | null): Promise<boolean> =>
  isApiServer('webhookAuthentication', cluster, authorization)
