// The guide to guardrails: docs/guardrails.md is made by this, and a test holds the two together. What can be read off
// the code (variables, functions, the pack and its cases) is; the rest is written here.
import { stringify } from 'yaml'
import { macros } from '#lib/core/guardrails/cel/cost'
import { functions, methods } from '#lib/core/guardrails/cel/functions'
import { types, variables } from '#lib/core/guardrails/cel/vocabulary'
import { maxGuardrails } from '#lib/core/guardrails/configured/compile'
import type { GuardrailInput } from '#lib/core/guardrails/configured/schema'
import type { PolicyCase } from '#lib/core/guardrails/pack/case'
import type { PackMember } from '#lib/core/guardrails/pack/member'
import { needsSettings, pack } from '#lib/core/guardrails/pack/pack'

const fence = (language: string, text: string) => [`\`\`\`${language}`, text.trimEnd(), '```'].join('\n')
const yaml = (value: unknown) => fence('yaml', stringify(value, { lineWidth: 0, version: '1.1' }))
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')
const code = (text: string) => `\`${text}\``
const codes = (texts: readonly string[]) => texts.map(code).join(', ')

/** The names of types as the guide has them. */
const typeName = (type: string) =>
  type.replace('google.protobuf.Timestamp', 'timestamp').replace('google.protobuf.Duration', 'duration')

const vocabulary = () => [
  table(
    ['Variable', 'Type', 'Means'],
    Object.entries(variables).map(([name, { type, says }]) => [code(name), code(typeName(type)), says]),
  ),
  table(
    ['Field', 'Type', 'Means'],
    types.flatMap(({ name, fields }) =>
      Object.entries(fields).map(([field, { type, says }]) => [code(`${name}.${field}`), code(typeName(type)), says]),
    ),
  ),
]

function settingsOf(member: PackMember): string {
  const { example, name, isDefault } = member
  if (isDefault && example === true) return `On unless switched off:\n\n${yaml({ guardrailPack: { [name]: false } })}`
  if (isDefault) return `On unless switched off; with settings:\n\n${yaml({ guardrailPack: { [name]: example } })}`
  const needs = needsSettings(member)
    ? 'Needs settings:'
    : example === true
      ? 'Switch it on:'
      : 'Switch it on with `true`, or with settings:'
  return `${needs}\n\n${yaml({ guardrailPack: { [name]: example } })}`
}

/** What a case is about, and what comes of it, in one row. */
function caseRow({ name, expect = {} }: PolicyCase): string[] {
  const { violations = [], warnings = [], passesNextAt, maxDuration, until, approvers } = expect
  const said = [
    ...new Set(violations.map((violation) => `no: ${code(violation)}`)),
    ...warnings.map((warning) => `warns: ${code(warning)}`),
    ...(approvers ? [`${approvers} approvers`] : []),
    ...(maxDuration ? [`at most ${maxDuration}`] : []),
    ...(until ? [`until ${until}`] : []),
    ...(passesNextAt ? [`would pass ${passesNextAt}`] : []),
  ]
  return [name, said.join(', ') || 'passes']
}

/** In the order in which one writes them. */
function asWritten(guardrail: GuardrailInput) {
  const { name, description, match, when, effect, message, messageExpression, require: needs, limit } = guardrail
  return { name, description, match, when, effect, require: needs, limit, message, messageExpression }
}

const memberGuide = (member: PackMember) =>
  [
    `### ${code(member.name)}: ${member.title}`,
    member.why,
    settingsOf(member),
    'Which is the same as writing:',
    yaml(member.guardrails(member.settings.parse(member.example === true ? {} : member.example)).map(asWritten)),
    table(['Request', 'Verdict'], member.cases.map(caseRow)),
  ].join('\n\n')

const example = {
  guardrails: [
    {
      name: 'search-index-in-the-morning',
      description: 'Rebuilding the index slows the shop down.',
      match: { clusters: ['prod-*'], namespaces: ['search'] },
      when: "rules.exists(r, 'patch' in r.verbs && 'statefulsets' in r.resources)",
      effect: 'limit',
      limit: {
        maxDuration: 'PT1H',
        windows: [{ zone: 'Europe/Berlin', days: ['mon-fri'], from: '06:00', to: '10:00' }],
        freezes: [{ name: 'Black Friday', from: '2026-11-23', to: '2026-11-30', zone: 'Europe/Berlin' }],
      },
      message: 'The search index is touched in the morning, before the shop fills.',
      link: 'https://wiki.example.com/search-index',
    },
  ],
}

const exampleCase = [
  {
    name: 'in the afternoon',
    given: {
      cluster: 'prod-eu',
      namespaces: ['search'],
      rules: [{ apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['patch'] }],
      now: '2026-11-17T14:00:00Z',
    },
    expect: { violations: ['search-index-in-the-morning'], passesNextAt: '2026-11-18T05:00:00Z' },
  },
]

const introduction = [
  '# Guardrails',
  '<!-- Made from lib/core/guardrails/policy. To write it anew: npx vitest run lib/core/guardrails/configured -u -->',
  'A guardrail is a rule that every request must satisfy. Postern judges each request when it is asked for, when it is decided and right before access is given. All guardrails are judged each time, and every one that says no is shown.',
  '## One guardrail',
  yaml(example),
  table(
    ['Key', 'Means'],
    [
      [code('name'), 'the code of the violation, in answers and in the record'],
      [code('description'), 'why it exists'],
      [
        code('match'),
        'which requests it looks at: `clusters`, `namespaces` and `entitlements` are names or globs, `clusterLabels` and `namespaceLabels` must all be carried, of `groups` the requester has one. All that is said must hold; nothing said means every request. Of several namespaces it looks at those that match. Labels of a namespace that are not known count as a match.',
      ],
      [code('when'), 'a CEL expression. True: the effect comes in. Left out: always'],
      [code('effect'), '`deny` says no; `warn` says something; `require` and `limit` do what stands under these keys'],
      [
        code('require'),
        '`approvals` (steps besides those of the entitlement), `approvers` (at least so many different people in all), `ticket` (`true`, or a `pattern`), `reasonMinLength`. Of several guardrails the strictest counts',
      ],
      [
        code('limit'),
        '`maxDuration`, `windows`, `freezes`, `mayOutliveWindow`. Of several guardrails the shortest counts, and all windows must be open',
      ],
      [code('message'), 'what the person reads, else the description; or `messageExpression`, in CEL'],
      [code('link'), 'where to read more'],
    ],
  ),
]

const expressions = () => [
  '## Expressions',
  'Expressions are [CEL](https://cel.dev), the language of admission policies in Kubernetes. `when` is true for what is *not* wanted; the `expression` of a ValidatingAdmissionPolicy is true for what is.',
  ...vocabulary(),
  `Functions: ${codes([...Object.keys(functions), 'has'])}. Methods: ${codes(Object.keys(methods))}. With an expression inside: ${codes(macros)}. Patterns are of RE2 syntax. Patterns, times, lengths of time and time zones are written out, so that they are checked on loading.`,
  "An expression is refused on loading when it names something that does not exist, when its types do not fit, when its answer is not true or false, or when it could be too much work on the largest request. On a request, an expression that fails counts as violated, never as passed: a label that is not there, a fact that is not known, or too much work. Ask first: `has(cluster.labels.tier)`, `'tier' in cluster.labels`, `difference.known`.",
  `Whether an expression is too much work is worked out before it runs, from the lengths of the lists that it goes through: a million steps for one expression, five million for one judgement, ${maxGuardrails} guardrails.`,
]

const time = [
  '## Hours',
  '- A window is open while a clock on the wall of its `zone` shows one of its `days` and a time from `from` to before `to`. Where `to` is not later than `from` it ends on the next day: the night of `fri` `22:00` to `06:00` ends on Saturday morning. An hour that daylight saving repeats is inside twice; one that it skips is inside never.',
  '- Access begins inside one of the `windows` and outside all `freezes`. A freeze is a range of dates, both included, or a `calendar`: an iCalendar file in which every event is a freeze. Events may repeat daily, weekly, monthly or yearly, with an end.',
  '- Access ends with its window, unless `mayOutliveWindow` is true. Who asks for longer is told what would fit. What was asked for in time and approved late ends with the window.',
  '- Where only hours are in the way, the answer names the next moment at which the same request would pass.',
]

const caseGuide = () => [
  '## Cases',
  'A case says what a policy does with one request. Everything under `given` has a default that nobody minds; `violations` are exactly these, and none where nothing is said.',
  yaml(exampleCase),
]

const trying = [
  '## Before it bites',
  'A policy can be tried without being in force, on the *Guardrails* page, over the API (`POST /api/v1/policy/judge` and `POST /api/v1/policy/replay`) and in a pipeline. It is a whole postern.yaml, or `guardrails` and `guardrailPack` alone; everything that is wrong with it is told with line and column.',
  [
    '- *Judge* says of one sample, or of one thing that was asked for, what the verdict would be, which guardrails come in and why, and when it would pass.',
    '- *Replay* judges the last of what was asked for, granted or refused, as far as you may see it, and says which would be judged differently: refused or not, warnings, approvals, ticket, reason, longest time, each with the guardrails that want it and their message. It is compared with what was said then, or with what the policy in force says; who wanted then what is wanted no longer was not kept, so that is named only against the policy in force.',
    '- Each is judged by the facts of its own moment, which are kept with it: groups, labels, risks, what was new to the requester. What is not known any more, or is not yours to know (the groups of others), is said, and a guardrail that asks for it counts as violated.',
    '- A trial is given ten seconds and a bounded memory; what a replay does not get to is said to be left out.',
  ].join('\n'),
  '```sh\nexport POSTERN_SERVER=https://postern.example.com POSTERN_TOKEN=…\nnpx postern policy replay --policy postern.yaml --last 200 --against current\n```',
  'The command ends with 0 where everything would be judged alike, 1 where something would be judged differently or was left out (`--no-fail-on-change`: 0), and 2 where the policy cannot be used or Postern cannot be asked. `--format json` gives the answer of the API. Calendars are read from beside the file. Of a token for a person who sees everything (an auditor) all that was asked for is replayed; of any other, what that person may see.',
]

/** docs/guardrails.md, whole. */
export function guardrailsDocument(): string {
  const packGuide = [
    '## The pack',
    'These come with Postern. Each is a switch under `guardrailPack`: `false`, `true` where nothing must be said, or its settings.',
    table(
      ['Switch', 'Means', 'By default'],
      pack.map((member) => [code(member.name), member.title, member.isDefault ? 'on' : 'off']),
    ),
    ...pack.map(memberGuide),
  ]
  const sections = [
    ...introduction,
    ...expressions(),
    ...time.slice(0, 1),
    time.slice(1).join('\n'),
    ...caseGuide(),
    ...trying,
    ...packGuide,
  ]
  return `${sections.join('\n\n')}\n`
}
