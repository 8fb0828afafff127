import { existsSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { removalCommand } from '#local/parts/own-cluster'
import { startPostern } from '#local/parts/postern'
import { ensureProductionBuild } from '#local/parts/production-build'
import { bearerToken } from '#local/parts/sign-in'
import { runsDirectory, stateDirectory } from '#local/processes/places'
import { freePort, isPortFree } from '#local/processes/ports'
import { openRun, type Run, stopOnSignals } from '#local/processes/processes'
import { findLiveRun } from '#local/processes/run-record'
import { inSeconds, say, step } from '#local/processes/steps'
import { apiFor } from './api-client.ts'
import { startDemoParts } from './demo-parts.ts'
import { type DemoState, openDemoState, saveDemoState, writePrivately } from './demo-state.ts'
import { installAdmission } from './install-admission.ts'
import { printInstructions } from './instructions.ts'
import { lapseDuringStory, playStory } from './story.ts'

const usage = `npm run demo -- [options]
  --reset                   start from scratch: delete the demo's database and cluster
  --port N                  Postern's port (default: the previous one, or any free port)
  --identity-port N         the identity provider's port
  --kubeconfig FILE --context NAME
                            use your own cluster instead of a local one; Postern is installed in it, and four
                            namespaces are created. Nothing else is changed.
  --no-story                skip the story`

function readOptions() {
  const { values } = parseArgs({
    options: {
      reset: { type: 'boolean', default: false },
      port: { type: 'string' },
      'identity-port': { type: 'string' },
      kubeconfig: { type: 'string' },
      context: { type: 'string' },
      'no-story': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { kubeconfig, context } = values
  if ((kubeconfig === undefined) !== (context === undefined)) throw new Error('--kubeconfig and --context go together')
  // Relative to where the command was typed: npm and the launcher have changed the working directory since.
  const file = kubeconfig && resolve(process.env.INIT_CWD ?? '.', kubeconfig)
  return { ...values, own: file && context ? { kubeconfig: file, context } : undefined }
}

async function portOf(text: string | undefined, last: number | undefined): Promise<number> {
  if (text === undefined) return freePort(last)
  const port = Number(text)
  if (!(Number.isInteger(port) && port > 0 && port < 65_536)) throw new Error(`${text} is not a port`)
  if (!(await isPortFree(port))) throw new Error(`port ${port} is already in use`)
  return port
}

/** Starts everything, and resolves when the demo can be used. `development` compiles pages on request. */
async function start(
  run: Run,
  state: DemoState,
  isNew: boolean,
  options: ReturnType<typeof readOptions>,
  development: boolean,
) {
  state.ports.postern = await portOf(options.port, state.ports.postern)
  state.ports.identity = await portOf(options['identity-port'], state.ports.identity)
  const port = state.ports.postern
  const url = `http://localhost:${port}`
  const build = () => step('production build', ensureProductionBuild, (built) => (built ? '' : 'up to date'))
  const parts = await startDemoParts(run, state, {
    publicUrl: url,
    own: options.own,
    alongside: development ? undefined : build,
  })
  const { postgres, identity, cluster } = parts
  const storyIsNew = isNew && !options['no-story']
  const postern = await step(
    'Postern',
    () =>
      startPostern(run, {
        port,
        development,
        directory: stateDirectory,
        configuration: parts.configuration(storyIsNew ? lapseDuringStory : 'PT24H'),
        databaseUrl: postgres.appUrl,
        clientSecret: identity.clientSecret,
        sessionSecret: state.sessionSecret,
        signingKey: state.signingKey,
      }),
    () => url,
  )
  // Another cluster belongs to someone who decides about it themselves.
  if (!options.own) {
    await step('what the cluster enforces (postern cluster admission)', () =>
      installAdmission(cluster, postern.configFile),
    )
  }
  const facts = {
    url,
    mail: parts.mail.url,
    identity: { ...identity, redirectUri: `${url}/api/auth/callback/oidc` },
    cluster: {
      name: cluster.name,
      server: cluster.server,
      kubeconfig: cluster.adminKubeconfig,
      context: cluster.adminContext,
    },
    kubectl: cluster.kubectl,
    database: { adminUrl: postgres.adminUrl, ownerUrl: postgres.ownerUrl, appUrl: postgres.appUrl },
    configuration: postern.configFile,
    logs: run.logs,
  }
  const demoFile = join(stateDirectory, 'demo.json')
  writePrivately(demoFile, JSON.stringify(facts, null, 2))
  run.onStop(async () => rmSync(demoFile, { force: true }))
  if (!options['no-story']) {
    const as = async (person: string) => apiFor(url, await bearerToken(facts.identity, person))
    const setLapse = (lapseAfter: string) => writePrivately(postern.configFile, parts.configuration(lapseAfter))
    await step(
      'the story, through the API',
      (sayUnder) => playStory({ as, cluster, directory: state.directory, setLapse, say: sayUnder }, storyIsNew),
      (summary) => summary,
    )
  }
  saveDemoState(state)
  return { facts, cluster }
}

/** The demo as a command: starts, prints where to sign in and as whom, and runs until it is stopped. */
export async function runDemo({ development }: { development: boolean }): Promise<void> {
  const began = Date.now()
  const options = readOptions()
  if (options.help) return say(usage)
  const other = findLiveRun(runsDirectory, 'demo')
  if (other) throw new Error(`a demo of this checkout is already running (process ${other.owner.pid}): stop it first`)
  const run = await openRun({ name: 'demo', directory: join(stateDirectory, 'run'), say })
  stopOnSignals(run, say)
  try {
    const { state, isNew } = openDemoState({
      reset: options.reset,
      cluster: options.own ? `${options.own.kubeconfig} ${options.own.context}` : 'local',
    })
    say(isNew ? 'starting a new demo:' : 'starting the existing demo:')
    const { facts, cluster } = await start(run, state, isNew, options, development)
    say(`\nready after ${inSeconds(Date.now() - began)}\n`)
    printInstructions(facts, options.own !== undefined)
    if (options.own) say(`\nTo remove the demo from your cluster:\n${removalCommand(cluster)}`)
    throw await run.failed
  } catch (error) {
    await run.stop()
    throw error
  }
}

if (import.meta.main) {
  await runDemo({ development: false }).catch((error: unknown) => {
    say(`\nthe demo stopped: ${error instanceof Error ? error.message : error}`)
    if (existsSync(join(stateDirectory, 'run/logs'))) say(`logs: ${join(stateDirectory, 'run/logs')}`)
    process.exit(1)
  })
}
