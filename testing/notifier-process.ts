// A worker that only notifies people, in a process of its own, so that a test can kill it.

import { startPolicy } from '#lib/adapters/policy/current'
import { env } from '#lib/env'
import { startNotifier } from '#lib/worker/notices/notifier'

await startPolicy(env().configPath)
startNotifier(`killed-${process.pid}`)
// Nothing else keeps this process alive between two rounds.
setInterval(() => {}, 60_000)
