// A notice about new high risks of the standing access in a cluster. Unlike a request it has no signed record: its names come
// from the cluster, where anyone who may create a binding chooses them.
import type { Who } from '#lib/core/access/entitlement'
import { isAmong } from '#lib/core/access/entitlement'
import type { PostureFinding } from '#lib/core/access/posture-finding'
import { hasVerifiedEmail } from '#lib/core/access/same-person'
import type { Content } from './content.ts'
import { groupsCountForDays, type Recipient } from './who-is-notified.ts'

export type PostureFacts = {
  kind: 'posture-worsened'
  publicUrl: string
  cluster: string
  /** Those that are still open, neither accepted nor suppressed. */
  findings: readonly Pick<PostureFinding, 'check' | 'subjects' | 'binding' | 'role'>[]
  /** How many there were that are not among these, because their number is limited. */
  more: number
}

/** Why auditors and admins receive a notice. */
export const readsEverything = 'you are an auditor or admin of Postern'

const mostShown = 5
const longestName = 120

/** Names are shown only as one word of plain characters, so that they can't be a sentence to the reader. */
const isPlain = (name: string) => name.length <= longestName && [...name].every((sign) => sign > ' ' && sign < '\x7f')
const plain = (name: string) => (isPlain(name) ? name : '(a name with unusual characters)')

/** `Kind name`, as findings write subjects. */
function kindAndName(text: string): string {
  const space = text.indexOf(' ')
  return space < 0 ? plain(text) : `${plain(text.slice(0, space))} ${plain(text.slice(space + 1))}`
}

const chainOf = ({ subjects: [subject], binding, role }: PostureFacts['findings'][number]) =>
  [
    subject === undefined ? 'no subject' : kindAndName(subject),
    `${binding.kind} ${binding.namespace ? `${plain(binding.namespace)}/` : ''}${plain(binding.name)}`,
    kindAndName(`${role.kind} ${role.name}`),
  ].join(' → ')

export function postureContent({ kind, publicUrl, cluster, findings, more: unnamed }: PostureFacts): Content {
  const all = findings.length + unnamed
  const count = all === 1 ? '1 new high risk' : `${all} new high risks`
  const shown = findings.slice(0, mostShown)
  const more = all - shown.length
  return {
    kind,
    thread: `posture-${cluster}`,
    subject: `Standing access on ${cluster}`,
    headline: `${count} of standing access on ${cluster}`,
    sentences: ['Postern did not grant this access. Check who needs it, then remove the binding or accept the risk.'],
    quote: null,
    isHandled: false,
    rows: [
      ['Cluster', cluster],
      ...shown.map((one): [string, string] => [plain(one.check), chainOf(one)]),
      ...(more > 0 ? [['More', String(more)] as [string, string]] : []),
    ],
    link: { label: 'Open in Postern', url: new URL(`/clusters/${cluster}/posture`, publicUrl).href },
    receivedBecause: readsEverything,
  }
}

/** Auditors and admins, who may read it. */
export const isPostureReader = ({ person, groupsAt }: Recipient, readers: readonly (Who | undefined)[], now: Date) =>
  hasVerifiedEmail(person) &&
  now.getTime() - groupsAt.getTime() < groupsCountForDays * 86_400_000 &&
  readers.some((who) => who !== undefined && isAmong(who, person))
