// A worker that only writes the log, in a process of its own, so that a test can kill it.

import { startPolicy } from '#lib/adapters/policy/current'
import { env } from '#lib/env'
import { startLogWriter } from '#lib/worker/log/log-writer'

await startPolicy(env().configPath)
startLogWriter(`log-writer-${process.pid}`)
// Nothing else keeps this process alive between two rounds.
setInterval(() => {}, 60_000)
