import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import {
  type AlreadyHeld,
  type Entitlement,
  entitlements,
  preview,
  type Rule,
  requestInFull,
} from '#lib/api-client/shapes'
import { nearest } from '#lib/core/access/nearest'
import { hasBrowser, openBrowser } from '../account/open-browser.ts'
import { contextOption, openApi, type ServerOptions, serverOption } from '../account/session.ts'
import { collect } from '../collect.ts'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import { fileErrorMessage } from '../file-error.ts'
import { asText, whereOf } from '../kubernetes/command-line.ts'
import { writeContexts } from '../kubernetes/kubeconfig-command.ts'
import { line, note, type OutputFormat, outputOption, print } from '../output.ts'
import { programName } from '../program-name.ts'
import type { Api } from '../server/api.ts'
import { canBeScreen, isInteractive, type Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'
import { timeoutOption } from './durations.ts'
import { type Choices, type Draft, findForPaste } from './from-paste.ts'
import { printRequest } from './print-request.ts'
import { forOption, reasonOption, ticketOption } from './request-options.ts'
import { collectRule } from './rule-argument.ts'
import { isLater, type PartOfBody, previewText } from './show-text.ts'
import { bodyOf, type Details, noteSubmitted, send, submit } from './submit.ts'
import { waitUntilActive } from './wait.ts'
import { watchOption, watchRequest } from './watch.ts'
import { approversOf, clock, heldInWords, timeLeft } from './words.ts'

type Options = ServerOptions &
  Details & {
    cluster?: string
    namespace: string[]
    rule: Rule[]
    again?: string
    file?: string
    dryRun?: true
    wait?: true
    watch?: true
    connect?: true
    open?: true
    timeout: number
    output: OutputFormat
  }

/** What a pipe sent. NB: only the end of a long log can be a refusal. */
async function readInput({ stdin }: Terminal): Promise<string> {
  let text = ''
  for await (const chunk of stdin) text = (text + chunk.toString('utf8')).slice(-60_000)
  return text
}

async function entitlementNamed(api: Api, name: string): Promise<Entitlement> {
  const { items } = await api.call({ path: '/entitlements', response: entitlements })
  const found = items.find((one) => one.name === name)
  if (found) return found
  const names = items.map((one) => one.name)
  const meant = nearest(name, names)
  const hint = meant
    ? `Did you mean ${line(meant)}?`
    : `Yours are: ${
        names
          .slice(0, 20)
          .map((one) => line(one))
          .join(', ') || 'none'
      }.`
  throw new UsageError(`You have no entitlement ${name}. ${hint}`)
}

async function draftFromOptions(api: Api, name: string, { cluster, namespace, rule }: Options): Promise<Draft> {
  const entitlement = await entitlementNamed(api, name)
  const [only, ...others] = entitlement.clusters
  const target = cluster ?? (others.length === 0 ? only?.name : undefined)
  if (!target)
    throw new UsageError(
      `Name the cluster with --cluster: ${entitlement.clusters.map((one) => line(one.name)).join(', ')}.`,
    )
  const covered = entitlement.clusters.find((one) => one.name === target)?.namespaces ?? []
  const namespaces = namespace.length > 0 ? namespace : covered.length === 1 ? covered : []
  if (namespaces.length === 0)
    throw new UsageError(
      `Name the namespace with -n: ${covered
        .slice(0, 20)
        .map((one) => line(one))
        .join(', ')}.`,
    )
  if (entitlement.kind === 'ceiling' && rule.length === 0)
    throw new UsageError('Choose permissions with --rule, such as --rule "get,list pods,pods/log".')
  return { entitlement, cluster: target, namespaces, rules: rule.length > 0 ? rule : null }
}

/** The request that another one was. Its details are kept, unless options replace them. */
async function draftAgain(api: Api, id: string, options: Options): Promise<{ draft: Draft; details: Details }> {
  if (!/^req_[0-9a-z]{26}$/.test(id)) throw new UsageError('The id of a request is req_ and 26 characters.')
  const old = await api.call({ path: `/requests/${id}`, response: requestInFull })
  const entitlement = await entitlementNamed(api, old.entitlement)
  const rules = entitlement.kind === 'ceiling' ? old.rules : null
  const { reason = old.reason, ticket = old.ticket ?? undefined, for: duration = old.duration, startsAt } = options
  return {
    draft: { entitlement, cluster: old.cluster, namespaces: old.namespaces, rules },
    details: { reason, for: duration, ...(ticket ? { ticket } : {}), ...(startsAt ? { startsAt } : {}) },
  }
}

async function bodyFromFile(path: string): Promise<object> {
  const { parse } = await import('yaml')
  try {
    const parsed: unknown = parse(readFileSync(path, 'utf8'))
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`${path}: ${code?.startsWith('E') ? fileErrorMessage(error) : 'not valid YAML'}`)
  }
  throw new UsageError(`${path}: must be the body of a request, as POST /api/v1/requests reads it`)
}

async function handOver(terminal: Terminal, api: Api, id: string, options: Options) {
  const state = await waitUntilActive(terminal, api, id, options.timeout)
  const until = state.grant?.expiresAt
  note(terminal, `Active${until ? ` until ${clock(until)} (${timeLeft(until)})` : ''}.`)
  if (options.connect) await writeContexts(terminal, api, [state], { use: true })
  else note(terminal, `Use it: ${programName} run -- kubectl … or ${programName} kubeconfig ${id} --use`)
  return state
}

/** Access that the person has, or has requested already. */
async function showHeld(terminal: Terminal, api: Api, held: AlreadyHeld, options: Options) {
  note(terminal, heldInWords(held))
  if (options.dryRun) return
  if (held.status === 'active' || options.wait) await handOver(terminal, api, held.requestId, options)
  else note(terminal, `Wait for it: ${programName} wait ${line(held.requestId)}`)
}

async function dryRun(terminal: Terminal, api: Api, body: PartOfBody, output: OutputFormat) {
  const found = await api.call({ path: '/requests/preview', body, response: preview })
  await print(terminal, output, {
    data: found,
    names: [found.digest],
    text: (paint) => previewText(found, body, paint),
  })
  if (found.verdict.violations.some((one) => !isLater(one, body))) terminal.exitCode = exitCodes.refused
}

/** Shows the page of the request, or its address where no browser can open it. */
function openPage(terminal: Terminal, { session }: Api, id: string) {
  const url = new URL(`/requests/${encodeURIComponent(id)}`, session.server).href
  note(terminal, url)
  if (hasBrowser(terminal.env)) openBrowser(terminal.env, url)
}

/** A request for access that the person has already may be a mistake. It is submitted anyway, also if this can't be found out. */
async function noteHeld(terminal: Terminal, api: Api, body: PartOfBody) {
  try {
    const { alreadyHeld } = await api.call({ path: '/requests/preview', body, response: preview })
    for (const held of alreadyHeld) note(terminal, heldInWords(held))
  } catch (error) {
    // What is wrong with the request, the answer to the submission says.
    if (!(error instanceof CommandFailure)) throw error
  }
}

async function finish(terminal: Terminal, api: Api, id: string, options: Options) {
  if (options.open) openPage(terminal, api, id)
  if (options.watch) {
    const { grant } = await watchRequest(terminal, api, id)
    if (!grant) terminal.exitCode = exitCodes.refused
    return
  }
  if (options.wait || options.connect) {
    const state = await handOver(terminal, api, id, options)
    if (!options.connect) await print(terminal, options.output, { data: state, names: [id], text: () => '' })
    return
  }
  const state = await api.call({ path: `/requests/${id}`, response: requestInFull })
  const waiting = state.status === 'pending' ? `Waiting for ${approversOf(state.steps)}.` : 'No approval needed.'
  await print(terminal, options.output, {
    data: state,
    names: [id],
    text: () => `${id}\n${waiting} Wait for it: ${programName} wait ${id}\n`,
  })
}

/** Without a name, a refusal or a command, the person chooses on a screen. */
async function requestOnScreen(terminal: Terminal, api: Api, options: Options) {
  const { items } = await api.call({ path: '/entitlements', response: entitlements })
  const { showRequestScreen } = await import('./request-screen.ts')
  const { draft, body, id } = await showRequestScreen(terminal, api, items, options)
  if (id === null) return dryRun(terminal, api, body, options.output)
  noteSubmitted(terminal, id, draft, body)
  return finish(terminal, api, id, options)
}

async function request(
  terminal: Terminal,
  words: readonly string[] | null,
  name: string | undefined,
  options: Options,
) {
  const api = await openApi(terminal, options)
  if (options.file) {
    const body = await bodyFromFile(options.file)
    if (options.dryRun) return dryRun(terminal, api, body, options.output)
    await noteHeld(terminal, api, body)
    const { id } = await send(api, body)
    return finish(terminal, api, id, options)
  }
  const isBare = name === undefined && words === null && !options.again
  if (isBare && canBeScreen(terminal)) return requestOnScreen(terminal, api, options)
  let draft: Draft
  let details: Details = options
  if (options.again) {
    const again = await draftAgain(api, options.again, options)
    draft = again.draft
    details = again.details
  } else if (name !== undefined && words === null) draft = await draftFromOptions(api, name, options)
  else {
    const text = words !== null ? asText(words) : isInteractive(terminal) ? '' : await readInput(terminal)
    if (text.trim() === '') throw new UsageError('Name an entitlement, pipe a refusal, or put a command behind --.')
    const choices: Choices = { namespace: options.namespace, ...(name ? { entitlement: name } : {}) }
    if (options.cluster) choices.cluster = options.cluster
    const found = await findForPaste(terminal, api, text, words === null ? {} : whereOf(words), choices)
    if (found.held) return showHeld(terminal, api, found.held, options)
    draft = found.draft
    note(terminal, `You need to ${line(found.summary, 400)}.`)
  }
  const body = await bodyOf(terminal, draft, details, options.dryRun)
  if (options.dryRun) return dryRun(terminal, api, body, options.output)
  await noteHeld(terminal, api, body)
  const { id } = await submit(terminal, api, draft, body)
  return finish(terminal, api, id, options)
}

export function requestCommand(terminal: Terminal, words: readonly string[] | null): Command {
  return new Command('request')
    .description(
      'Request access: by name, from a refusal on the standard input, for a command behind --, or on a full screen.',
    )
    .usage('[options] [entitlement] [-- command...]')
    .argument('[entitlement]', 'what to request; without it, a refusal, a command or your choice on a screen decides')
    .option('--cluster <name>', 'the cluster')
    .option('-n, --namespace <name>', 'the namespace (repeatable)', collect)
    .option(
      '--rule <rule>',
      '"VERBS RESOURCES [NAMES]", where the entitlement lets you choose (repeatable)',
      collectRule,
    )
    .addOption(reasonOption())
    .addOption(ticketOption())
    .addOption(forOption())
    .option('--starts-at <time>', 'when it starts, such as 2026-11-23T09:00:00Z (default: once it is approved)')
    .option('--again <request>', 'request the same as an earlier request')
    .option('-f, --file <file>', 'read the request from a file in YAML or JSON')
    .option('--dry-run', 'show the verdict, the approvers, the new permissions and the objects; submit nothing')
    .option('--wait', 'wait until the access works, with a line that says for whom or what')
    .addOption(watchOption().conflicts(['wait', 'connect', 'dryRun']))
    .option('--connect', 'wait, then write a kubeconfig context for it and switch to it')
    .option('--open', 'open the page of the request in a browser; without one, its address is printed')
    .addOption(timeoutOption())
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nWithout arguments on a terminal, you choose on a full screen, with the verdict while you type.\n' +
        `\nExamples:\n  kubectl get pods -n payments 2>&1 | ${programName} request --reason "checkout is down" --wait\n` +
        `  ${programName} request --dry-run -- kubectl rollout restart deploy/api -n payments\n` +
        `  ${programName} request payments-restart -n payments --reason "checkout is down" --connect`,
    )
    .action((name: string | undefined, options: Options) =>
      request(terminal, words, name, { ...options, namespace: options.namespace ?? [], rule: options.rule ?? [] }),
    )
}

export function waitCommand(terminal: Terminal): Command {
  return new Command('wait')
    .description('Wait until the access of a request works.')
    .argument('<request>', 'the request')
    .addOption(new Option('--connect', 'write a kubeconfig context for it and switch to it').conflicts('output'))
    .addOption(timeoutOption())
    .addOption(serverOption())
    .addOption(contextOption())
    .addOption(outputOption())
    .action(async (id: string, options: Options) => {
      if (!/^req_[0-9a-z]{26}$/.test(id))
        throw new CommandFailure(exitCodes.usage, 'The id of a request is req_ and 26 characters.')
      const api = await openApi(terminal, options)
      await handOver(terminal, api, id, options)
      if (!options.connect) await printRequest(terminal, api, id, options.output)
    })
}
