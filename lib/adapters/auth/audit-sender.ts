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
    log.warn({ file, err: error }, 'the tokens for audit events can’t be read, so audit events are refused')
    return []
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/**
 * Does the caller have the token with which this cluster sends its audit events? The file is read each time, so that a change
 * needs no restart. A cluster that is not configured, or sends none, is refused like a wrong token.
 */
export async function isAuditSender(cluster: string, authorization: string | null): Promise<boolean> {
  const sent = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : ''
  const { audit } = currentPolicy().configuration.clusters.find(({ name }) => name === cluster) ?? {}
  if (!audit || sent.length < shortestToken) return false
  const tokens = await tokensIn(audit.tokenFile)
  // Every token is compared, and in constant time.
  return tokens.map((token) => timingSafeEqual(digest(token), digest(sent))).includes(true)
}
