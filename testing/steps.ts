import { Session } from 'node:inspector'
import { setFlagsFromString } from 'node:v8'

// Work counted instead of timed: V8's precise coverage says how often each function and each of its branches ran, and
// the same work gives the same number on every machine. A call of a built-in function is one step, whatever it does;
// regular expressions are judged by local/check/regular-expressions.test.ts.

// NB: compiled code stops counting what it inlines, so this process only interprets from here on.
for (const compiler of ['turbofan', 'maglev', 'sparkplug']) setFlagsFromString(`--no-${compiler}`)

const session = new Session()
session.connect()

/** A session of the same thread answers before `post` returns. */
function ask<T>(method: string, parameters: object = {}): T {
  let answer: unknown
  session.post(method, parameters, (error, result) => {
    if (error) throw error
    answer = result
  })
  return answer as T
}

// NB: for as long as the file's tests run: a function that ran before this tells its calls, but not its branches.
ask('Profiler.enable')
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

type Coverage = { result: { url: string; functions: { ranges: { count: number }[] }[] }[] }

/** What ran since this was called last. Node's own functions and the counting itself are left out. */
const take = (): number =>
  ask<Coverage>('Profiler.takePreciseCoverage')
    .result.filter(({ url }) => !url.startsWith('node:') && !url.endsWith(import.meta.filename))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)

/** How many steps `work` takes. */
export function stepsOf(work: () => unknown): number {
  take()
  work()
  return take()
}

/** How many steps this thread takes until `work` is done; those of other threads and processes do not count. */
export async function stepsUntil(work: () => Promise<unknown>): Promise<number> {
  take()
  await work()
  return take()
}

/** How many times the steps grow with four times the input: at most 4 where the work is linear, 16 where it is quadratic. */
export function growthOf(size: number, workOn: (size: number) => () => unknown): number {
  const [once, fourfold] = [workOn(size), workOn(4 * size)]
  const steps = stepsOf(once)
  fourfold()
  return take() / steps
}
