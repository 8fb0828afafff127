// Which Node runs Postern's TypeScript? Needs no package, and any Node from 20 on may ask.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** From 24.2 on a module can ask whether it is the program (import.meta.main). */
export function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 2)
}

/**
 * The pinned Node where its package fits this machine, else the one that runs this, when it is new enough; else why
 * there is none.
 * @param {string} checkout
 * @returns {{ node: string } | { problem: string }}
 */
export function findNode(checkout) {
  const pinned = join(checkout, 'node_modules/.bin/node')
  if (existsSync(pinned) && spawnSync(pinned, ['--version']).status === 0) return { node: pinned }
  if (isNewEnough()) return { node: process.execPath }
  return {
    problem:
      `Postern needs Node 24.2 or newer. npm has no Node for ${process.platform}-${process.arch} in this project, ` +
      `and this one is ${process.version}: install a newer one and try again.`,
  }
}
