export type Say = (line: string) => void

/** Prints a line to standard output. */
export const say: Say = (line) => void process.stdout.write(`${line}\n`)

/** Formats a duration: `0.4 s`, `73 s`. */
export function inSeconds(milliseconds: number): string {
  return milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 1000)} s`
}

/**
 * Runs one step and prints its name, its duration and, if given, a short text from `result`. Lines that the work prints
 * meanwhile are prefixed with the step's name.
 */
export async function step<T>(
  what: string,
  work: (say: Say) => Promise<T>,
  result: (value: T) => string = () => '',
): Promise<T> {
  const began = Date.now()
  const value = await work((line) => say(`         ${what}: ${line}`))
  const summary = result(value)
  say(`${inSeconds(Date.now() - began).padStart(7)}  ${what}${summary && `: ${summary}`}`)
  return value
}
