import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CheckpointError, openCheckpoint, readCheckpoint, type VerifierKey } from '#lib/core/log/checkpoint'
import { isConsistent, type Root } from '#lib/core/log/tree'

const emptyTree: Root = { size: 0, root: createHash('sha256').digest() }

/** A witness on loopback, as C2SP tlog-witness describes it, of one log. */
export async function aWitness(name: string, logKeys: readonly VerifierKey[]) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
  const typed = Buffer.concat([Buffer.of(4), raw])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  const key = `${name}+${id.toString('hex')}+${typed.toString('base64')}`
  let known = emptyTree
  const bodies: string[] = []
  const statuses: number[] = []
  /** What it answers instead, once it is set. */
  let instead: { status: number; body: string } | null = null

  function cosign(note: string, seconds = Math.floor(Date.now() / 1000)): string {
    const body = note.slice(0, note.lastIndexOf('\n\n') + 1)
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(seconds))
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${body}`), privateKey)
    return `— ${name} ${Buffer.concat([id, time, signature]).toString('base64')}\n`
  }

  function answerTo(body: string): { status: number; body: string } {
    const head = body.indexOf('\n\n')
    const [first = '', ...proof] = body.slice(0, head).split('\n')
    const note = body.slice(head + 2)
    const old = /^old (0|[1-9]\d*)$/.exec(first)?.[1]
    if (head < 0 || old === undefined || proof.length > 63) return { status: 400, body: '' }
    const { origin } = readCheckpoint(note)
    if (!logKeys.some((one) => one.name === origin)) return { status: 404, body: '' }
    let checkpoint: Root
    try {
      checkpoint = openCheckpoint(note, logKeys)
    } catch (error) {
      if (error instanceof CheckpointError) return { status: 403, body: '' }
      throw error
    }
    if (Number(old) > checkpoint.size) return { status: 400, body: '' }
    if (Number(old) !== known.size) return { status: 409, body: `${known.size}\n` }
    const hashes = proof.map((line) => Buffer.from(line, 'base64'))
    if (known.size === 0 ? hashes.length > 0 : !isConsistent(known, checkpoint, hashes))
      return { status: 422, body: '' }
    known = { size: checkpoint.size, root: checkpoint.root }
    return { status: 200, body: cosign(note) }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      bodies.push(body)
      const isSubmission = request.method === 'POST' && request.url === '/w/add-checkpoint'
      const answer = isSubmission ? (instead ?? answerTo(body)) : { status: 405, body: '' }
      statuses.push(answer.status)
      const type = answer.status === 409 ? 'text/x.tlog.size' : 'text/plain; charset=utf-8'
      response.writeHead(answer.status, { 'content-type': type }).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ...{ key, bodies, statuses, cosign },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`,
    /** As if it had cosigned this tree last. */
    remember: (root: Root) => {
      known = root
    },
    knows: () => known,
    answerInstead: (answer: typeof instead) => {
      instead = answer
    },
    stop: () => server.close(),
  }
}
