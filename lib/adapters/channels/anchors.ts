// Anchors: places outside of Postern that keep a checkpoint of the log, so that its operators can't rewrite it unseen.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Exceptions } from '#lib/adapters/outbound'
import { fileOfCheckpoint } from '#lib/core/log/checkpoint'
import { post, requireSuccess } from './post.ts'
import { type Bucket, putLocked } from './s3.ts'

export type Anchor = {
  name: string
  /** Resolves once the checkpoint is kept. It may be called again with the same one. */
  keep(checkpoint: { size: number; note: string }): Promise<void>
}

/** Exactly one of the four is set, or none for a witness; lib/adapters/policy checks that. */
export type AnchorSettings = {
  name: string
  directory?: string | undefined
  git?: { directory: string; push: boolean } | undefined
  webhook?: { url: string } | undefined
  s3?: Bucket | undefined
}

const run = promisify(execFile)
/** Milliseconds. A push over a slow network takes seconds. */
const timeoutMs = 60_000

/** One file for each checkpoint, with a name that sorts by its size. An existing file stays as it is. */
async function writeCheckpoint(directory: string, { size, note }: { size: number; note: string }): Promise<string> {
  await mkdir(directory, { recursive: true })
  const file = fileOfCheckpoint(size)
  await writeFile(join(directory, file), note, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return file
}

/** Commits each checkpoint to a Git repository that is checked out in `directory`, and pushes it. */
async function commit(directory: string, push: boolean, checkpoint: { size: number; note: string }) {
  const git = (...args: string[]) =>
    // Without a terminal, and with no prompt for a password: a push that needs one fails.
    run('git', ['-c', 'commit.gpgsign=false', '-c', 'core.askPass=false', '-C', directory, ...args], {
      timeout: timeoutMs,
    })
  await git('add', '--', await writeCheckpoint(directory, checkpoint))
  const { stdout } = await git('diff', '--cached', '--name-only')
  if (stdout.trim()) {
    const author = ['-c', 'user.name=Postern', '-c', 'user.email=postern@localhost']
    await git(...author, 'commit', '--quiet', '--message', `checkpoint ${checkpoint.size}`)
  }
  // An earlier push may have failed.
  if (push) await git('push', '--quiet')
}

export function openAnchor({ name, directory, git, webhook, s3 }: AnchorSettings, exceptions: Exceptions): Anchor {
  return {
    name,
    keep: async (checkpoint) => {
      if (directory) await writeCheckpoint(directory, checkpoint)
      if (git) await commit(git.directory, git.push, checkpoint)
      if (s3) await putLocked(s3, fileOfCheckpoint(checkpoint.size), checkpoint.note, exceptions)
      if (!webhook) return
      const headers = { 'content-type': 'text/plain; charset=utf-8' }
      requireSuccess(new URL(webhook.url).host, await post(webhook.url, headers, checkpoint.note, exceptions))
    },
  }
}
