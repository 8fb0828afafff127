// The report of a pack: one HTML page that needs nothing else, has no scripts, and prints well. It depends on nothing but its
// arguments, so that a verifier can write it again and compare every byte.
import { z } from 'zod'
import { durationInWords } from '#lib/core/access/duration'
import { ruleSchema } from '#lib/core/access/rule'
import { rulesInWords } from '#lib/core/rbac/sentence'
import type { CallFacts, PackCalls } from './calls.ts'
import type { EventLine, GrantFacts, PackFacts, RequestFacts } from './facts.ts'
import { Html, html } from './html.ts'
import { documentPath, type PackScope, scopeInWords } from './pack.ts'

/** The content of a file in `terms/`. */
const termsFile = z.object({
  cluster: z.string(),
  namespaces: z.array(z.string()),
  rules: z.array(ruleSchema),
  clusterRole: z.string().nullable(),
  durationSeconds: z.number(),
  startsAt: z.string().nullable(),
})

export type ReportInput = {
  scope: PackScope
  facts: PackFacts
  calls: PackCalls
  /** The size of the signed log, and the name and ID of the key. */
  size: number
  key: string
  /** The documents of the pack, by their hash. */
  terms: ReadonlyMap<string, unknown>
  policies: ReadonlySet<string>
}

const style = `
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; line-height: 1.2 } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-top: 1px solid #8886; padding-top: 1rem }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem } h4 { font-size: .92rem; margin: 1rem 0 .2rem }
p, li { max-width: 46rem } code { font: .88em ui-monospace, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-size: .92rem } th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: .5rem 0 } dt { color: light-dark(#666, #aaa) } dd { margin: 0; overflow-wrap: anywhere }
.text { white-space: pre-wrap } .scroll { overflow-x: auto } .quiet { color: light-dark(#666, #aaa) }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .5rem } }
@media print { body { margin: 0; max-width: none; font-size: 11px } h2 { break-after: avoid } tr { break-inside: avoid } }
`

/** To the millisecond, in UTC. Any other text is shown as it is: its reading would depend on the machine. */
function time(text: string | null): Html {
  if (text === null) return html`unknown`
  const [, day, clock] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)\d{0,6}Z$/.exec(text) ?? []
  return day ? html`<time datetime="${text}">${day} ${clock ?? ''} UTC</time>` : html`${text}`
}

const person = (name: string, email: string | null): Html => html`${name}${email ? html` (${email})` : null}`

const rows = (pairs: readonly (readonly [string, Html | null])[]): Html =>
  html`<dl>${pairs.flatMap(([name, value]) => (value ? [html`<dt>${name}</dt><dd>${value}</dd>`] : []))}</dl>`

const table = (heads: readonly string[], body: readonly Html[]): Html =>
  html`<div class="scroll"><table><thead><tr>${heads.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead><tbody>${body}</tbody></table></div>`

const lines = (events: readonly EventLine[]): Html =>
  table(
    ['Leaf', 'Time', 'Who', 'What'],
    events.map(
      ({ index, at, who, sentence }) =>
        html`<tr><td>${index}</td><td>${time(at)}</td><td>${who}</td><td class="text">${sentence}</td></tr>\n`,
    ),
  )

function termsOf(digest: string, terms: ReportInput['terms']): Html {
  const { data } = termsFile.safeParse(terms.get(digest))
  if (!data) return html`<p>Unknown: this pack has no terms with the digest <code>${digest}</code>.</p>`
  return rows([
    ['Permissions', html`${data.clusterRole ? `ClusterRole ${data.clusterRole}: ` : ''}${rulesInWords(data.rules)}`],
    ['Cluster', html`<code>${data.cluster}</code>`],
    ['Namespaces', html`<code>${data.namespaces.join(', ')}</code>`],
    ['For', html`${durationInWords(data.durationSeconds)}`],
    ['Not before', data.startsAt ? time(data.startsAt) : null],
    ['Digest', html`<code>${digest}</code> (${documentPath('terms', digest)})`],
  ])
}

const endings: Record<string, string> = {
  expiry: 'it expired',
  revocation: 'someone revoked it',
  release: 'its holder released it',
  failure: 'it could not be created',
  ineligible: 'the requester, an approver or the policy no longer permitted it',
  superseded: 'its extension began',
}

const reviews = (count: number) => (count === 1 ? '1 access review' : `${count} access reviews`)

const inWords = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

const notReported = (text: Html) => html`<p><strong>Not known:</strong> ${text}</p>`

/** For which part of the time of a grant its cluster reported calls. */
function reported({ beganAt, endedAt }: GrantFacts, { cluster, feed }: CallFacts): Html {
  if (!feed)
    return notReported(
      html`${cluster || 'the cluster'} reported no calls to Postern at all, so what was done with this access is not in this pack.`,
    )
  const isLate = beganAt === null || Date.parse(feed.firstAt) > Date.parse(beganAt)
  const isEarly = endedAt === null || Date.parse(feed.newestAt) < Date.parse(endedAt)
  return html`<p>${feed.removedBefore ? `Of the calls that ${cluster} reported to Postern, those are kept that were made from` : `${cluster} reported calls to Postern from`} ${time(feed.firstAt)} to ${time(feed.newestAt)}. They come from the audit events of its API server and are not in the log.</p>${
    isLate &&
    beganAt &&
    notReported(
      feed.removedBefore
        ? html`calls before ${time(feed.removedBefore)} were removed by retention, and the access had begun before.`
        : html`calls before ${time(feed.firstAt)}, when the access had already begun.`,
    )
  }${isEarly && beganAt && notReported(html`calls after ${time(feed.newestAt)}, when the access had not ended.`)}`
}

const row = (what: Html, code: string, one: { count: number; firstAt: string; lastAt: string }): Html =>
  html`<tr><td>${what}</td><td>${code}</td><td>${one.count}</td><td>${time(one.firstAt)}</td><td>${time(one.lastAt)}</td></tr>\n`

function callsSection(grant: GrantFacts, calls: CallFacts | undefined): Html | null {
  if (!calls || (!grant.beganAt && calls.count === 0)) return null
  const { count, kept, refused, secrets, groups, ungrouped, secretGroups, ungroupedSecrets } = calls
  const place = (namespace: string) => html`${namespace && html` in <code>${namespace}</code>`}`
  return html`<h3>What was done with it</h3>${reported(grant, calls)}${
    calls.feed &&
    html`<p>${inWords(count, 'call', 'calls')}, of which the API server refused ${refused}. ${inWords(secrets, 'call', 'calls')} read or changed Secrets.${count > kept && ` This pack has the first ${kept} that arrived.`}</p>`
  }${
    secretGroups.length > 0 &&
    html`<h4>Secrets touched</h4>${table(
      ['Secret', 'Verb', 'Calls', 'First', 'Last'],
      secretGroups.map((one) => row(html`<code>${one.name || 'any'}</code>${place(one.namespace)}`, one.verb, one)),
    )}${ungroupedSecrets > 0 && html`<p>And ${inWords(ungroupedSecrets, 'call', 'calls')} about others.</p>`}`
  }${
    groups.length > 0 &&
    html`<h4>Calls</h4>${table(
      ['Call', 'Response', 'Calls', 'First', 'Last'],
      groups.map((one) => {
        const resource = `${one.resource}${one.group && `.${one.group}`}${one.subresource && `/${one.subresource}`}`
        const isRefused = one.code === 401 || one.code === 403
        return row(
          html`${one.verb} <code>${resource || one.path}</code>${place(one.namespace)}`,
          one.code === null ? 'unknown' : `${one.code}${isRefused ? ' refused' : ''}`,
          one,
        )
      }),
    )}${ungrouped > 0 && html`<p>And ${inWords(ungrouped, 'call', 'calls')} of other kinds.</p>`}`
  }`
}

function grantSection(grant: GrantFacts, { grants }: PackCalls): Html {
  const { beganAt, endedAt, ending } = grant
  const began = beganAt
    ? html`${time(beganAt)}: the API server allowed it in ${reviews(grant.allowed)}`
    : html`it never began${grant.failure ? html`: <span class="text">${grant.failure}</span>` : null}`
  const ended = endedAt
    ? html`${time(endedAt)}: the API server denied it in ${reviews(grant.denied)}`
    : html`<strong>not ended</strong> in any event of this pack`
  return html`<h3>Access</h3>${rows([
    ['Grant', html`<code>${grant.id}</code>`],
    ['Began', began],
    ['Was to end', grant.expiresAt ? time(grant.expiresAt) : null],
    ['Ended', beganAt || endedAt ? ended : null],
    [
      'Held for',
      beganAt && endedAt
        ? html`${durationInWords(Math.round((Date.parse(endedAt) - Date.parse(beganAt)) / 1000))}`
        : null,
    ],
    ['Why it ended', ending && html`${endings[ending.by] ?? ending.by}, ${time(ending.at)}, by ${ending.who}`],
    ['Note', ending?.note ? html`<span class="text">${ending.note}</span>` : null],
    ['User in the API server', grant.accounts.length > 0 ? html`<code>${grant.accounts.join(', ')}</code>` : null],
  ])}${
    grant.credentials.length > 0 &&
    table(
      ['Token issued', 'To', 'From address', 'Token ID (jti)', 'Expires'],
      grant.credentials.map(
        ({ at, who, address, jti, expiresAt }) =>
          html`<tr><td>${time(at)}</td><td>${who}</td><td>${address ?? 'unknown'}</td><td><code>${jti}</code></td><td>${time(expiresAt)}</td></tr>\n`,
      ),
    )
  }${callsSection(grant, grants.get(grant.id))}`
}

function requestSection(request: RequestFacts, { terms, policies, calls }: ReportInput): Html {
  const { submission, digests, decisions, outcome, review } = request
  const final = digests.at(-1)
  const isNarrowed = final !== undefined && final !== digests[0]
  return html`<h2 id="${request.id}">${submission ? html`${submission.entitlement} for ${submission.who}` : html`Request`} <code>${request.id}</code></h2>
${
  submission
    ? rows([
        ['Requested by', person(submission.who, submission.email)],
        [
          'Account',
          html`<code>${submission.subject ?? 'unknown'}</code> of <code>${submission.issuer ?? 'unknown'}</code>`,
        ],
        ['Requested', time(submission.at)],
        ['Reason', html`<span class="text">${submission.reason}</span>`],
        ['Ticket', submission.ticket ? html`${submission.ticket}` : null],
        ['Extends', submission.extends ? html`grant <code>${submission.extends}</code>` : null],
      ])
    : html`<p>Its submission is not in this pack.</p>`
}
${final !== undefined && html`<h3>${isNarrowed ? 'What was approved' : 'What it allows'}</h3>${termsOf(final, terms)}`}
${isNarrowed && html`<h3>The requested terms, before approvers narrowed them</h3>${termsOf(digests[0] ?? '', terms)}`}
<h3>Who decided</h3>
${
  decisions.length > 0
    ? table(
        ['Time', 'Who', 'Decision', 'As a member of', 'Note'],
        decisions.map(
          (one) =>
            html`<tr><td>${time(one.at)}</td><td>${person(one.who, one.email)}</td><td>${one.decision === 'approve' ? 'approved' : 'denied'}</td><td>${one.groups.join(', ')}</td><td class="text">${one.note}</td></tr>\n`,
        ),
      )
    : html`<p>No person decided it.</p>`
}
${outcome && html`<p>${outcome.who} ${outcome.sentence}, ${time(outcome.at)}.</p>`}
${
  request.isBreakGlass &&
  html`<p><strong>Break-glass access</strong>: it began without an approval. ${
    review
      ? html`${review.who} reviewed it, ${time(review.at)}: ${review.outcome === 'justified' ? 'justified' : 'not justified'}. <span class="text">${review.note}</span>`
      : 'No review of it is in this pack.'
  }</p>`
}
${
  request.policies.length > 0 &&
  html`<p class="quiet">Policy versions: ${request.policies.map((one) => html`<code>${one}</code>${policies.has(one) ? ' ' : ' (not in this pack) '}`)}</p>`
}
${request.grants.map((grant) => grantSection(grant, calls))}
<h3>Events</h3>
${lines(request.lines)}
`
}

function overview({ requests }: PackFacts): Html {
  const held = requests.flatMap((request) =>
    request.grants.filter(({ beganAt }) => beganAt).map((grant) => ({ request, grant })),
  )
  if (held.length === 0) return html`<p>No access began in the events of this pack.</p>`
  return table(
    ['Who', 'What', 'Cluster', 'Began', 'Ended', 'Approved by'],
    held.map(({ request, grant }) => {
      const approvers = request.decisions.filter(({ decision }) => decision === 'approve').map(({ who }) => who)
      const none = request.isBreakGlass ? 'no one (break-glass)' : 'no approval was needed'
      return html`<tr><td><a href="#${request.id}">${request.submission?.who ?? 'unknown'}</a></td><td>${request.submission?.entitlement ?? 'unknown'}</td><td>${request.cluster ?? 'unknown'}</td><td>${time(grant.beganAt)}</td><td>${grant.endedAt ? time(grant.endedAt) : html`<strong>not ended</strong>`}</td><td>${approvers.join(', ') || none}</td></tr>\n`
    }),
  )
}

function unknowns({ scope, facts, calls }: ReportInput): Html {
  const open = facts.requests.flatMap(({ grants }) => grants.filter(({ beganAt, endedAt }) => beganAt && !endedAt))
  return html`<ul>
<li>Whether the ${inWords(calls.kept, 'call', 'calls')} in this pack are complete and unchanged. API servers reported them in their audit events; they are not in the log, and nothing that is signed covers them. To compare: an API server’s own audit log has them under the users and token IDs below. <code>calls.jsonl</code> has the SHA-256 <code>${calls.sha256}</code>.</li>
<li>Which access people had without Postern.</li>
<li>Whether an event was true when it was recorded. The log shows that it was not changed afterwards.</li>
<li>${
    'request' in scope
      ? 'Whether an event of this request was left out of this pack. A pack of the period, or the whole log, shows that.'
      : 'Events outside of the period, except those of requests that had to do with it. No event of the period was left out: its leaves follow each other without a gap.'
  }</li>
<li>What happened after the last event, ${time(facts.lastAt)}.${open.length > 0 && ` Access that had not ended by then: ${open.length}.`}</li>
</ul>`
}

/** The report in pieces. */
export function* reportPieces(input: ReportInput): Generator<string> {
  const { scope, facts, size, key } = input
  const title = `Evidence of ${scopeInWords(scope)}`
  yield html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<h1>${title}</h1>
<p>${facts.count} events from ${time(facts.firstAt)} to ${time(facts.lastAt)}, in the log of size ${size} that <code>${key}</code> signed.</p>
<p>This page only repeats the other files of its pack. <code>postern log verify --key KEY PACK.zip</code> verifies them, and that this page says what they say.</p>
<h2>Who had access</h2>
${overview(facts)}
<h2>Not known</h2>
${unknowns(input)}
`.text
  for (const request of facts.requests) yield requestSection(request, input).text
  if (facts.others.length > 0) yield html`<h2>Other events</h2>${lines(facts.others)}\n`.text
  yield '</body>\n</html>\n'
}
