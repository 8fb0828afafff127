// Reads the checkpoints that an anchor in an S3 bucket has kept, each in every version.
import { AwsV4Signer } from 'aws4fetch'
import { fileOfCheckpoint } from '#lib/core/log/checkpoint'
import { fetchBytes } from '../server/read-response.ts'
import { UsageError } from '../usage-error.ts'

export type S3Keys = { id: string; secret: string; sessionToken: string | undefined; region: string | undefined }
/** `note` is null for an object that is too large to be a checkpoint. */
export type KeptCheckpoint = { where: string; note: string | null }

const timeoutMs = 60_000
const atOnce = 16
/** Bytes: a checkpoint with a hundred signatures has about 20,000. */
const mostOfNote = 64 * 1024
/** One a minute for four months. */
const mostVersions = 200_000
/** A page has 1,000 versions and delete markers. */
const mostPages = 1000

type Version = { key: string; id: string; bytes: number }

const entities = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#34;': '"' }

/** The text of the first such element; undefined if there is none. */
function textIn(xml: string, name: string): string | undefined {
  const [, after] = xml.split(`<${name}>`)
  let text = after?.split(`</${name}>`)[0]
  for (const [entity, character] of Object.entries(entities).reverse()) text = text?.replaceAll(entity, character)
  return text
}

/** The versions of checkpoints in a ListVersionsResult, with their sizes: other objects of the bucket are left out. */
function versionsIn(xml: string, prefix: string): Version[] {
  const parts = xml.split('<Version>').slice(1)
  return parts.flatMap((part) => {
    const text = part.split('</Version>')[0] ?? ''
    const [key = '', id = ''] = [textIn(text, 'Key'), textIn(text, 'VersionId')]
    const size = Number(key.slice(prefix.length + fileOfCheckpoint(0).lastIndexOf('-') + 1))
    return Number.isSafeInteger(size) && key === prefix + fileOfCheckpoint(size)
      ? [{ key, id, bytes: Number(textIn(text, 'Size')) }]
      : []
  })
}

/**
 * Every checkpoint in a bucket, in every version: one that was overwritten or deleted is still there, and someone with the
 * bucket's keys can add any number of others. `text` is the URL of the bucket; `?prefix=` is what the names of its objects
 * begin with.
 * @throws UsageError if the bucket can't be read, has no checkpoint or too many of them; the message never has a key
 */
export async function checkpointsInBucket(text: string, keys: S3Keys): Promise<KeptCheckpoint[]> {
  const bucket = URL.canParse(text) ? new URL(text) : null
  const isLoopback = bucket?.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(bucket.hostname)
  if (!bucket || (bucket.protocol !== 'https:' && !isLoopback))
    throw new UsageError('--anchor must be the https URL of a bucket; plain http is allowed only on loopback.')
  const { host, origin, pathname, searchParams } = bucket
  const prefix = searchParams.get('prefix') ?? ''
  async function get(path: string, query: Record<string, string>): Promise<string> {
    const url = new URL(origin + pathname.replace(/\/$/, '') + path)
    url.search = new URLSearchParams(query).toString()
    const signer = new AwsV4Signer({
      ...{ url: url.href, service: 's3', accessKeyId: keys.id, secretAccessKey: keys.secret },
      ...(keys.sessionToken && { sessionToken: keys.sessionToken }),
      ...(keys.region && { region: keys.region }),
    })
    const { headers } = await signer.sign()
    const unreadable = (error: Error) => {
      throw new UsageError(error.message)
    }
    const { status, bytes } = await fetchBytes(url, { headers }, timeoutMs).catch(unreadable)
    if (status === 200) return bytes.toString()
    throw new UsageError(
      `${host}: the bucket responded with status ${status} (${textIn(bytes.toString(), 'Code') ?? 'no reason'}).`,
    )
  }

  const found: Version[] = []
  let from: Record<string, string> = {}
  for (let page = 1; ; page++) {
    const xml = await get('/', { versions: '', prefix: `${prefix}checkpoint-`, ...from })
    for (const one of versionsIn(xml, prefix)) found.push(one)
    if (found.length > mostVersions || page > mostPages)
      throw new UsageError(
        `${host}: the bucket lists more than ${mostVersions} versions of checkpoints. Pass the ones to compare with --checkpoint.`,
      )
    if (textIn(xml, 'IsTruncated') !== 'true') break
    const next = {
      'key-marker': textIn(xml, 'NextKeyMarker') ?? '',
      'version-id-marker': textIn(xml, 'NextVersionIdMarker') ?? '',
    }
    // NB: or else a server could send pages for ever.
    if (next['key-marker'] <= (from['key-marker'] ?? '') && next['version-id-marker'] === from['version-id-marker'])
      throw new UsageError(`${host}: the bucket repeats its list of versions.`)
    from = next
  }
  if (found.length === 0)
    throw new UsageError(
      `${host}: the bucket has no checkpoint whose name begins with "${prefix}checkpoint-". Check the name of the bucket and ?prefix=.`,
    )
  const read = async ({ key, id, bytes }: Version) => {
    const where = `${key} (version ${id})`
    if (!(bytes <= mostOfNote)) return { where, note: null }
    const note = await get(`/${key.split('/').map(encodeURIComponent).join('/')}`, { versionId: id })
    // NB: the list may lie about sizes, and all notes are in memory together.
    return { where, note: note.length <= mostOfNote ? note : null }
  }
  const kept: KeptCheckpoint[] = []
  for (let at = 0; at < found.length; at += atOnce)
    kept.push(...(await Promise.all(found.slice(at, at + atOnce).map(read))))
  return kept
}
