// Finds a Node.js that runs Postern's TypeScript. Runs on Node.js 20 or newer and imports no packages.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Node.js 24.2 introduced import.meta.main, which the programs use. */
export function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 2)
}

/**
 * The pinned Node.js if its package supports this machine, otherwise the current one if it is new enough, otherwise the
 * reason why there is none.
 * @param {string} checkout
 * @returns {{ node: string } | { problem: string }}
 */
export function findNode(checkout) {
  const pinned = join(checkout, 'node_modules/.bin/node')
  if (existsSync(pinned) && spawnSync(pinned, ['--version']).status === 0) return { node: pinned }
  if (isNewEnough()) return { node: process.execPath }
  return {
    problem:
      `Postern needs Node.js 24.2 or newer. This is ${process.version}, and the project's own Node.js package does not ` +
      `support ${process.platform}-${process.arch}. Install a newer Node.js and try again.`,
  }
}
