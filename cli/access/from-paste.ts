// From what a terminal printed to the request that would make it work.

import {
  type AlreadyHeld,
  clusters as clustersShape,
  type Entitlement,
  type Paste,
  paste as pasteShape,
  type Rule,
} from '#lib/api-client/shapes'
import { CommandFailure, exitCodes } from '../exit-codes.ts'
import type { CommandLine } from '../kubernetes/command-line.ts'
import { currentContext } from '../kubernetes/kubeconfig-files.ts'
import { line, lines, note } from '../output.ts'
import type { Api } from '../server/api.ts'
import type { Terminal } from '../terminal.ts'
import { UsageError } from '../usage-error.ts'

export type Draft = { entitlement: Entitlement; cluster: string; namespaces: string[]; rules: Rule[] | null }

export type Choices = { entitlement?: string; cluster?: string; namespace: string[] }

/** The cluster of Postern that a kubeconfig context reaches: it has the same address, or else the same name. */
export async function clusterOfContext(
  api: Api,
  context: ReturnType<typeof currentContext>,
): Promise<string | undefined> {
  if (!context) return undefined
  const { items } = await api.call({ path: '/clusters', response: clustersShape })
  const addressOf = (url: string | null) => (url && URL.canParse(url) ? new URL(url).origin : url)
  const byAddress = items.filter(({ publicServer }) => addressOf(publicServer) === addressOf(context.server))
  const found = byAddress.length === 1 ? byAddress[0] : items.find(({ name }) => name === context.name)
  return found?.name
}

const nothingFits = ({ summary, suggestions, notes, understood }: Paste): CommandFailure => {
  const hints = notes.map(({ sentence }) => line(sentence, 400))
  if (!understood)
    return new CommandFailure(
      exitCodes.usage,
      'That is neither a refusal of a cluster nor a command that Postern knows.',
    )
  if (!summary) return new CommandFailure(exitCodes.refused, hints.join('\n') || 'That command needs no access.')
  const parts = suggestions
    .slice(0, 5)
    .map(({ entitlement }) => `  ${line(`${entitlement.name}: ${entitlement.title}`, 120)}`)
  const partial =
    parts.length > 0
      ? ['No single entitlement allows all of it. These allow a part:', ...parts]
      : ['None of your entitlements allows it.']
  return new CommandFailure(exitCodes.refused, [`You need to ${lines(summary)}.`, ...hints, ...partial].join('\n'))
}

type Found = { held: AlreadyHeld } | { held: null; draft: Draft; summary: string }

/**
 * Own access that already allows what a text needs, or the request for it.
 * @throws CommandFailure with the missing part if no entitlement allows all of it
 */
export async function findForPaste(
  terminal: Terminal,
  api: Api,
  text: string,
  where: CommandLine,
  chosen: Choices,
): Promise<Found> {
  const context = currentContext(terminal.env, where.context, where.kubeconfig)
  const cluster = chosen.cluster ?? (await clusterOfContext(api, context))
  const namespace = chosen.namespace[0] ?? where.namespace ?? context?.namespace ?? (context ? 'default' : undefined)
  const body = { text: text.slice(-60_000), ...(cluster ? { cluster } : {}), ...(namespace ? { namespace } : {}) }
  const paste = await api.call({ path: '/paste', body, response: pasteShape })
  const [held] = paste.alreadyHeld.filter(({ missing }) => missing.length === 0)
  if (held) return { held }
  const complete = paste.suggestions.filter((one) => one.complete)
  const suggestion = chosen.entitlement
    ? paste.suggestions.find(({ entitlement }) => entitlement.name === chosen.entitlement)
    : complete[0]
  if (!suggestion) throw nothingFits(paste)
  for (const { sentence } of paste.notes) note(terminal, `note: ${line(sentence, 400)}`)
  const { entitlement } = suggestion
  const isChosen = entitlement.kind === 'ceiling'
  const target = cluster ?? suggestion.cluster
  if (!target)
    throw new UsageError(
      `Name the cluster with --cluster: ${suggestion.clusters.map((name) => line(name)).join(', ')}.`,
    )
  const namespaces = chosen.namespace.length > 0 ? chosen.namespace : paste.namespaces
  if (namespaces.length === 0) throw new UsageError('Name the namespace with -n.')
  const draft = { entitlement, cluster: target, namespaces, rules: isChosen ? paste.rules : null }
  return { held: null, draft, summary: paste.summary }
}
