// What a person can do in a namespace, as a table: each cell is the answer of `postern check-access`.
import { Command } from 'commander'
import { type Explanation, explanations } from '#lib/api-client/shapes'
import { mostActions } from '#lib/core/access/explanation'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { lines, type OutputFormat, outputOption, print, tableOf } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { targetOf } from './check-access-command.ts'
import { type Place, type PlaceOptions, placeOf, withPlaceOptions } from './place.ts'

type Options = ServerOptions & PlaceOptions & { output: OutputFormat }

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const

/** What people request most, and the verbs with which each is used. */
const usual: readonly (readonly [resource: string, verbs: readonly string[]])[] = [
  ['pods', verbs],
  ['pods/log', ['get']],
  ['pods/exec', ['create']],
  ['pods/portforward', ['create']],
  ['deployments.apps', verbs],
  ['statefulsets.apps', verbs],
  ['jobs.batch', verbs],
  ['services', verbs],
  ['configmaps', verbs],
  ['secrets', verbs],
]

/** Each is up to seven actions. */
const maxResources = 30

type Cell = { access: 'yes' | 'request' | 'no' | 'unknown'; entitlements: string[] }
type Row = { resource: string; verbs: Record<string, Cell> }

type Question = { resource: string; verb: string }

/** The answers to all questions, with as few calls of the API as its limit permits. */
async function answersTo(api: Api, { namespace, ...subject }: Place, questions: Question[]): Promise<Explanation[]> {
  const actions = questions.map(({ resource, verb }) => ({ ...targetOf(resource), verb, namespace }))
  const answers: Explanation[] = []
  for (let from = 0; from < actions.length; from += mostActions) {
    const body = { ...subject, actions: actions.slice(from, from + mostActions) }
    answers.push(...(await api.call({ path: '/access/explain', body, response: explanations })).items)
  }
  return answers
}

function cellOf({ allowed, grants, entitlements }: Explanation): Cell {
  const names = entitlements.map(({ name }) => name)
  const otherwise = names.length > 0 ? 'request' : allowed === null ? 'unknown' : 'no'
  return { access: allowed || grants.length > 0 ? 'yes' : otherwise, entitlements: names }
}

const toRequest = (row: Row): string[] => [
  ...new Set(
    Object.values(row.verbs).flatMap(({ access, entitlements }) => (access === 'request' ? entitlements : [])),
  ),
]

async function canI(terminal: Terminal, resources: string[], options: Options) {
  if (resources.length > maxResources) throw new UsageError(`Name at most ${maxResources} resources.`)
  const path = resources.find((resource) => resource.startsWith('/'))
  if (path !== undefined)
    throw new UsageError(`${path} is a path, not a resource. Check it with: ${programName} check-access get ${path}`)
  const api = await openApi(terminal, options)
  const place = await placeOf(api, terminal, options)
  const asked = resources.length > 0 ? resources.map((resource) => [resource, verbs] as const) : usual
  const questions = asked.flatMap(([resource, wanted]) => wanted.map((verb) => ({ resource, verb })))
  const answers = await answersTo(api, place, questions)
  const unknown = new Set(answers.flatMap(({ allowed, why }) => (allowed === null ? [why] : [])))
  const rows: Row[] = asked.map(([resource]) => ({ resource, verbs: {} }))
  for (const [index, { resource, verb }] of questions.entries()) {
    const [row, answer] = [rows.find((one) => one.resource === resource), answers[index]]
    if (row && answer) row.verbs[verb] = cellOf(answer)
  }
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row.verbs)))]
  await print(terminal, options.output, {
    data: { cluster: place.cluster, namespace: place.namespace, person: options.as ?? null, resources: rows },
    names: [...new Set(rows.flatMap(toRequest))],
    text: () =>
      tableOf(
        ['RESOURCE', ...columns.map((verb) => verb.toUpperCase()), 'TO REQUEST'],
        rows.map((row) => [
          row.resource,
          ...columns.map((verb) => row.verbs[verb]?.access ?? ''),
          toRequest(row).join(', '),
        ]),
      ) + [...unknown].map((why) => `Not known: ${lines(why)}\n`).join(''),
  })
}

export function canICommand(terminal: Terminal): Command {
  const command = new Command('can-i')
    .description('Show what a person can do in a namespace, what they can request, and what neither allows.')
    .argument('[resources...]', 'such as pods, pods/log or deployments.apps (default: those that people request most)')
  return withPlaceOptions(command)
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
yes: by a role of the cluster or by access that Postern granted. request: an entitlement of the last column allows it.
no: neither. unknown: Postern has not read the roles of the cluster. The exit code is 0 whatever the answers are.`,
    )
    .action((resources: string[], options: Options) => canI(terminal, resources, options))
}
