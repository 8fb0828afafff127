import { watch } from 'node:fs'
import { dirname } from 'node:path'
import type { ConfigurationProblem } from '#lib/core/access/configuration-problem'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { compilePolicy } from '#lib/core/guardrails/section'
import type { Configuration } from './configuration.ts'
import type { ParsedConfiguration } from './parse.ts'
import { readPolicyFiles, type Texts } from './read-files.ts'

/** The policy as it was loaded, and what was last refused where the file has changed to something wrong since. */
export type LoadedPolicy = {
  configuration: Configuration
  /** The file as it was read. It is not for everybody: see `guardrailsSource`. */
  text: string
  /** The text of each calendar that it names. */
  calendars: ReadonlyMap<string, string>
  /** What is kept of this version: the configuration and the calendars that it names. `hash` is of this. */
  document: Record<string, unknown>
  hash: string
  loadedAt: Date
  refused: { problems: ConfigurationProblem[]; at: Date } | null
}

/** The policy in force, with its guardrails ready to judge. */
export type CurrentPolicy = LoadedPolicy & { compiled: CompiledGuardrail[] }

type State = {
  path: string
  /** What was last read, good or bad, so that the same text is judged once. */
  texts: Texts
  policy: LoadedPolicy
  listeners: Set<(policy: LoadedPolicy) => void>
  stop(): Promise<void>
}

/** The look at the file that does not depend on the file system telling of changes (network mounts do not). */
const pollMs = 2000

/** A file that is written in place is empty for a moment: whoever writes gets this long to finish. */
const settleMs = 50

// Next bundles pages, routes and the worker apart from each other: a variable of this module would exist once in each.
const key = Symbol.for('postern.policy')
const shared = globalThis as unknown as { [key]?: State }

// Compiled guardrails are the exception: they know the classes of the bundle that compiled them, and what another bundle
// hands them they cannot judge. So plain data is shared, and each bundle compiles once what it judges by.
const compiledHere = new WeakMap<LoadedPolicy['document'], CompiledGuardrail[]>()
const policiesHere = new WeakMap<LoadedPolicy, CurrentPolicy>()

/** A configuration that was refused at start: every problem as `file:line:column: path message`, one a line. */
export class ConfigurationRefused extends Error {
  readonly problems: ConfigurationProblem[]
  constructor(problems: ConfigurationProblem[]) {
    super(`The configuration is refused:\n${problems.map(problemInWords).join('\n')}`)
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

/** @throws Error when what was accepted once does not compile, which is an error of ours */
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
      // One listener's fault must not stop the others, nor the following of the file.
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}

/** Looks soon after the directory changes, and every two seconds besides; one look at a time. */
function follow(state: State): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let settling: NodeJS.Timeout | undefined
  const look = () => {
    running = running.then(() => reload(state))
  }
  const lookSoon = () => {
    clearTimeout(settling)
    settling = setTimeout(look, settleMs).unref()
  }
  const poll = setInterval(look, pollMs).unref()
  // The directory, not the file: editors and ConfigMaps put another file in its place (a ConfigMap by a symbolic link
  // beside it), and a watch of the file would go on watching the old one.
  const watcher = watch(dirname(state.path), { persistent: false }, lookSoon)
  watcher.on('error', () => watcher.close())
  return async () => {
    clearInterval(poll)
    clearTimeout(settling)
    watcher.close()
    await running
  }
}

/**
 * Loads the configuration and follows the file from then on. A change that is wrong leaves the last good version in
 * force and is told in `currentPolicy().refused` until the file is right again. A second start with the same path is
 * the first one; with another path it takes the first one's place.
 * @throws ConfigurationRefused when the file is wrong or cannot be read at this first load
 */
export async function startPolicy(path: string): Promise<{ stop(): Promise<void> }> {
  const running = shared[key]
  if (running?.path === path) return { stop: running.stop }
  await running?.stop()
  const found = await readPolicyFiles(path)
  if (!found) throw new Error('nothing was read before, so it cannot be the same')
  const { texts, result } = found
  if (!result.ok) throw new ConfigurationRefused(result.problems)
  // Two starts at once: the one that was read first is the one.
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
  if (!state) throw new Error('The policy is not loaded: startPolicy comes first.')
  return state
}

/** The policy in force now; what it returns is never changed, a new version is a new object. */
export function currentPolicy(): CurrentPolicy {
  const { policy } = currentState()
  const known = policiesHere.get(policy)
  if (known) return known
  const current = { ...policy, compiled: compileHere(policy) }
  policiesHere.set(policy, current)
  return current
}

/** Calls back after every change of the file, accepted or refused, until the returned function is called. */
export function onPolicyChange(listener: (policy: LoadedPolicy) => void): () => void {
  const { listeners } = currentState()
  listeners.add(listener)
  return () => listeners.delete(listener)
}
