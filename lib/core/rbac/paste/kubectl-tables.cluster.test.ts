import { expect, test } from 'vitest'
import { kubectl } from '#testing/kubectl'
import { knownResources } from './known-resources.ts'

// The two tables of this folder come from the pinned API server and kubectl. After a new version:
// npx vitest run --project cluster lib/core/rbac/paste/kubectl-tables -u

/** JSON with one line per entry, so that a new version is a readable diff. */
const arrayOf = (entries: unknown[]) => `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`
const objectOf = (entries: [string, unknown][]) =>
  `{\n${entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n')}\n}\n`

type Discovered = {
  name: string
  group?: string
  kind: string
  singularName: string
  namespaced: boolean
  shortNames?: string[]
  categories?: string[]
}

test('api-resources.json is what the pinned API server serves', async () => {
  const { resources } = JSON.parse(await kubectl(['api-resources', '-o', 'json'])) as { resources: Discovered[] }
  const entries = resources.map(({ name, group = '', kind, namespaced, shortNames = [], categories = [] }) => ({
    ...{ group, resource: name, kind, shortNames, namespaced },
    ...(categories.includes('all') ? { isInAll: true } : {}),
  }))
  expect(entries.length).toBeGreaterThan(60)
  // The parser takes the kind in lower case for the singular name.
  expect(resources.filter(({ singularName, kind }) => singularName !== kind.toLowerCase())).toEqual([])
  await expect(arrayOf(entries)).toMatchFileSnapshot('./api-resources.json')
})

const subcommandsIn = (help: string) =>
  [...help.matchAll(/^.*Commands(?: \(\w+\))?:\n((?: {2}.*\n)+)/gm)].flatMap(([, lines = '']) =>
    [...lines.matchAll(/^ {2}(\S+)/gm)].map(([, name = '']) => name),
  )

/** As kubectl writes them, with an `=` behind those that take a value: `-f, --filename=`, `-w, --watch`. */
const flagsIn = (help: string) =>
  [...help.matchAll(/^ {4}((?:-\w, )?--[\w-]+)=(.*):$/gm)].map(([, flag = '', standard = '']) =>
    /^(true|false)$/.test(standard) ? flag : `${flag}=`,
  )

async function flagsOf(path: string[]): Promise<string[]> {
  const help = await kubectl([...path, '--help'])
  const below: string[] = []
  for (const name of subcommandsIn(help)) below.push(...(await flagsOf([...path, name])))
  return [...flagsIn(help), ...below]
}

test('kubectl-flags.json is what the pinned kubectl prints as its help', async () => {
  const entries: [string, string[]][] = [['', flagsIn(await kubectl(['options']))]]
  for (const command of subcommandsIn(await kubectl(['--help'])))
    entries.push([command, [...new Set(await flagsOf([command]))].sort()])
  expect(entries.length).toBeGreaterThan(35)
  await expect(objectOf(entries)).toMatchFileSnapshot('./kubectl-flags.json')
})

test('no extension in the table is served by the pinned API server', async () => {
  const keys = knownResources.map(({ group, resource }) => `${resource}.${group}`)
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})
