export type Say = (line: string) => void

/** Prints a line for a person, on standard output. */
export const say: Say = (line) => void process.stdout.write(`${line}\n`)

/** A span of time in words: `0.4 s`, `73 s`. */
export function inSeconds(milliseconds: number): string {
  return milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 1000)} s`
}

/**
 * Does one step, and tells what it is and how long it took. What the work says meanwhile is shown under the step's name;
 * `result` may turn what came out of it into a few words.
 */
export async function step<T>(
  what: string,
  work: (say: Say) => Promise<T>,
  result: (value: T) => string = () => '',
): Promise<T> {
  const began = Date.now()
  const value = await work((line) => say(`         ${what}: ${line}`))
  const words = result(value)
  say(`${inSeconds(Date.now() - began).padStart(7)}  ${what}${words && `: ${words}`}`)
  return value
}
