import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bearerToken, type TokenSource } from '#local/parts/sign-in'
import { stateDirectory } from '#local/processes/places'

// `npm run -s token -- mina` prints the token of one person of the running demo, and nothing else.
try {
  const person = process.argv[2]
  if (!person) throw new Error('name a person: npm run -s token -- mina')
  let text: string
  try {
    text = readFileSync(join(stateDirectory, 'demo.json'), 'utf8')
  } catch {
    throw new Error('the demo is not running in this checkout: start it with npm run demo')
  }
  const { identity } = JSON.parse(text) as { identity: TokenSource }
  process.stdout.write(`${await bearerToken(identity, person)}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
