#!/usr/bin/env node
// `npx postern …` runs cli/main.ts in this process if this Node.js is new enough, else with the Node.js that package.json
// pins. It works in any folder.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'
import { findNode, isNewEnough } from '../local/find-node.mjs'

const checkout = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} message @returns {never} */
function giveUp(message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

if (!existsSync(join(checkout, 'node_modules/commander')))
  giveUp(`Dependencies are missing. Run npm ci in ${checkout}.`)
if (isNewEnough()) {
  // Compiling is half of the time of a short run.
  module.enableCompileCache()
  // Nearly all that a check allocates is garbage soon. V8 would let the heap grow with the number of manifests before it
  // collects it; this takes a fifth more processor time.
  v8.setFlagsFromString('--optimize-for-size')
  await import('./main.ts')
} else {
  const found = findNode(checkout)
  if ('problem' in found) giveUp(found.problem)
  const child = spawn(found.node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => child.kill(signal))
  }
  child.on('error', (error) => giveUp(error.message))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
}
