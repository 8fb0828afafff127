import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '#local/processes/ports'
import { ensureVersitygw } from '#local/programs/programs'

export type S3Server = {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  stop(): Promise<void>
}

async function untilServed(endpoint: string, child: ChildProcess) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with code ${child.exitCode}`)
    const answered = await fetch(endpoint, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Starts an S3 server on 127.0.0.1 that keeps versions and enforces object lock; undefined if it cannot be built here. */
export async function startVersitygw(directory: string): Promise<S3Server | undefined> {
  const program = await ensureVersitygw((line) => process.stderr.write(`${line}\n`))
  if (!program) return undefined
  const folders = ['objects', 'versions', 'attributes'].map((name) => join(directory, name))
  for (const folder of folders) mkdirSync(folder, { recursive: true })
  const [objects = '', versions = '', attributes = ''] = folders
  const port = await freePort()
  const [accessKeyId, secretAccessKey] = [randomBytes(8).toString('hex'), randomBytes(24).toString('hex')]
  const args = ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--versioning-dir', versions]
  // Not in extended attributes, which not every file system has.
  const child = spawn(program, [...args, '--sidecar', attributes, objects], {
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey } as unknown as NodeJS.ProcessEnv,
    stdio: 'ignore',
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const endpoint = `http://127.0.0.1:${port}`
  await untilServed(endpoint, child)
  return {
    ...{ endpoint, accessKeyId, secretAccessKey },
    stop: async () => {
      process.off('exit', end)
      const ended = once(child, 'exit')
      end()
      await ended
    },
  }
}
