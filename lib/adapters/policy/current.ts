import { watch } from 'node:fs'
import { dirname } from 'node:path'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'
import { sourceOf } from '#lib/core/access/rota-source'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { compilePolicy } from '#lib/core/guardrails/section'
import { knownRotas } from './cached-rotas.ts'
import type { Configuration } from './configuration.ts'
import type { ParsedConfiguration } from './parse.ts'
import { readPolicyFiles, type Texts } from './read-files.ts'

/** The loaded policy, and the problems of the current file if that was rejected. */
export type LoadedPolicy = {
  configuration: Configuration
  /** The text of the file. Not everyone may read all of it: see `guardrailsSource`. */
  text: string
  /** The text of each calendar that the configuration names. */
  calendars: ReadonlyMap<string, string>
  /** The stored form of this version: the configuration and its calendars. `hash` is its hash. */
  document: Record<string, unknown>
  hash: string
  loadedAt: Date
  refused: { problems: ConfigurationProblem[]; at: Date } | null
}

/** The current policy with its compiled guardrails. */
export type CurrentPolicy = LoadedPolicy & { compiled: CompiledGuardrail[] }

type State = {
  path: string
  /** The texts that were last read, valid or not, so that each version is checked once. */
  texts: Texts
  policy: LoadedPolicy
  listeners: Set<(policy: LoadedPolicy) => void>
  stop(): Promise<void>
}

/** Polling covers file systems that do not report changes, such as network mounts. */
const pollMs = 2000

/** A file that is rewritten in place is empty for a moment, so a change is read only after this time. */
const settleMs = 50

// Next.js bundles pages, routes and the worker separately, so a variable of this module would exist once per bundle.
const key = Symbol.for('postern.policy')
const shared = globalThis as unknown as { [key]?: State }

// Compiled guardrails can't be shared: they reference classes of the bundle that compiled them and fail on objects of
// another. So the bundles share plain data, and each compiles the guardrails once.
const compiledHere = new WeakMap<LoadedPolicy['document'], CompiledGuardrail[]>()
const policiesHere = new WeakMap<LoadedPolicy, { rotas: ReturnType<typeof knownRotas>; current: CurrentPolicy }>()

/** The configuration was rejected at start. The message has one line per problem: `file:line:column: path message`. */
export class ConfigurationRefused extends Error {
  readonly problems: ConfigurationProblem[]
  constructor(problems: ConfigurationProblem[]) {
    super(`The configuration is invalid:\n${problems.map(problemInWords).join('\n')}`)
    this.name = 'ConfigurationRefused'
    this.problems = problems
  }
}

/** `postern.yaml:12:7: entitlements[0].duration.max must be …` */
export const problemInWords = ({ file, line, column, path, message }: ConfigurationProblem): string =>
  `${file}:${line}:${column}: ${path ? `${path} ` : ''}${message}`

function policyOf(loaded: ParsedConfiguration & { ok: true }, { configuration: text }: Texts, now: Date): LoadedPolicy {
  const { configuration, calendars, document, hash, compiled } = loaded
  compiledHere.set(document, compiled)
  return { configuration, text: text ?? '', calendars, document, hash, loadedAt: now, refused: null }
}

/** @throws Error when accepted guardrails do not compile, which is a bug */
function compileHere({ configuration, calendars, document }: LoadedPolicy): CompiledGuardrail[] {
  const known = compiledHere.get(document)
  if (known) return known
  const result = compilePolicy(configuration, calendars)
  if (!result.ok) throw new Error(`accepted guardrails do not compile: ${result.problems[0]?.message}`)
  compiledHere.set(document, result.compiled)
  return result.compiled
}

async function reload(state: State): Promise<void> {
  const found = await readPolicyFiles(state.path, state.texts)
  if (!found || shared[key] !== state) return
  const { texts, result } = found
  state.texts = texts
  const now = new Date()
  state.policy = result.ok
    ? policyOf(result, texts, now)
    : { ...state.policy, refused: { problems: result.problems, at: now } }
  for (const listener of state.listeners) {
    try {
      listener(state.policy)
    } catch (error) {
      // An error of one listener must not affect the others, or stop watching the file.
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}

/** Reloads shortly after the directory changes, and every two seconds, one reload at a time. */
function follow(state: State): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let settling: NodeJS.Timeout | undefined
  const reloadNow = () => {
    running = running.then(() => reload(state))
  }
  const reloadSoon = () => {
    clearTimeout(settling)
    settling = setTimeout(reloadNow, settleMs).unref()
  }
  const poll = setInterval(reloadNow, pollMs).unref()
  // Watches the directory, because editors and ConfigMaps replace the file (a ConfigMap by a symbolic link beside it),
  // and a watch on the file would stay with the old one.
  const watcher = watch(dirname(state.path), { persistent: false }, reloadSoon)
  watcher.on('error', () => watcher.close())
  return async () => {
    clearInterval(poll)
    clearTimeout(settling)
    watcher.close()
    await running
  }
}

/**
 * Loads the configuration and then watches the file. An invalid change keeps the last valid version, and
 * `currentPolicy().refused` has its problems until the file is valid again. A second start with the same path does
 * nothing; one with another path replaces the first.
 * @throws ConfigurationRefused when the file is invalid or can't be read at the first load
 */
export async function startPolicy(path: string): Promise<{ stop(): Promise<void> }> {
  const running = shared[key]
  if (running?.path === path) return { stop: running.stop }
  await running?.stop()
  const found = await readPolicyFiles(path)
  if (!found) throw new Error('the first read of the configuration found no change')
  const { texts, result } = found
  if (!result.ok) throw new ConfigurationRefused(result.problems)
  // Of two simultaneous starts the one that finished reading first stays.
  const other = shared[key]
  if (other?.path === path) return { stop: other.stop }
  const state: State = {
    path,
    texts,
    policy: policyOf(result, texts, new Date()),
    listeners: new Set(),
    stop: async () => {},
  }
  shared[key] = state
  const unfollow = follow(state)
  state.stop = async () => {
    if (shared[key] === state) delete shared[key]
    await unfollow()
  }
  return { stop: state.stop }
}

function currentState(): State {
  const state = shared[key]
  if (!state) throw new Error('The policy is not loaded: call startPolicy() first.')
  return state
}

/** The current policy. The returned object never changes: a new version, or a newer state of a rota, is a new object. */
export function currentPolicy(): CurrentPolicy {
  const { policy } = currentState()
  const rotas = knownRotas()
  const known = policiesHere.get(policy)
  if (known?.rotas === rotas) return known.current
  const current = { ...policy, configuration: withRotas(policy.configuration, rotas), compiled: compileHere(policy) }
  policiesHere.set(policy, { rotas, current })
  return current
}

/** The configuration with what was last read of its rotas outside of Postern. Its stored form and its hash have none of it. */
function withRotas(configuration: Configuration, known: ReturnType<typeof knownRotas>): Configuration {
  if (!configuration.rotas.some(sourceOf)) return configuration
  const rotas = configuration.rotas.map((rota) => {
    const cached = sourceOf(rota) ? known.get(rota.name) : undefined
    return cached ? { ...rota, cached } : rota
  })
  return { ...configuration, rotas }
}

/** Calls `listener` after every change of the file, accepted or rejected, until the returned function is called. */
export function onPolicyChange(listener: (policy: LoadedPolicy) => void): () => void {
  const { listeners } = currentState()
  listeners.add(listener)
  return () => listeners.delete(listener)
}
