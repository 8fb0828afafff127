import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { Expressions, randomFrom } from '#lib/core/guardrails/cel/arbitrary.testing'
import { type CompiledGuardrail, compileGuardrails } from '#lib/core/guardrails/configured/compile'
import { someFacts } from '#lib/core/guardrails/configured/facts.testing'
import { judge } from '#lib/core/guardrails/configured/judge-configured'
import { judgeManifest } from '#lib/core/guardrails/configured/judge-manifest'
import { type GuardrailInput, guardrailSchema } from '#lib/core/guardrails/configured/schema'
import { packGuardrails } from '#lib/core/guardrails/pack/pack'
import { type AdmissionCluster, admissionCluster } from '#testing/admission-cluster'
import { anEntitlement } from '#testing/configuration'
import { whyNotEnforceable } from './enforceable.ts'
import { guardrailPolicyName, renderAdmission } from './render.ts'
import { admissionSection } from './section.ts'

/** How many Roles are compared; 2000 take about a minute. */
const objects = Number(process.env.POSTERN_ADMISSION_OBJECTS ?? 300)
const seed = Number(process.env.POSTERN_ADMISSION_SEED ?? 18)
/** Each round has other guardrails. With more, the API server leaves out warnings: a response has 4096 characters of them. */
const rounds = 5
const perRound = 8

const cluster: AdmissionCluster = await admissionCluster()
const name = { name: 'prod-eu', labels: { environment: 'prod', tier: 'Prod', a: '1' } }

const compile = (guardrails: readonly GuardrailInput[]): CompiledGuardrail[] => {
  const result = compileGuardrails(guardrails.map((guardrail) => guardrailSchema.parse(guardrail)))
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.compiled
}

const random = randomFrom(seed)
const expressions = new Expressions(random)

/**
 * The API server refuses to install a literal that it can't convert, such as double('a'), and `[][0]` beside a label, whose
 * type it doesn't know.
 */
async function isAccepted(compiled: CompiledGuardrail): Promise<boolean> {
  const admission = admissionSection.parse({ mode: 'warn' })
  const objects = renderAdmission({ cluster: name, entitlements: [], compiled: [compiled], admission })
  const policy = objects.find(({ metadata }) => metadata.name === guardrailPolicyName(compiled.guardrail.name))
  const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies?dryRun=All'
  const body = { ...policy, metadata: { name: 'any' } }
  const { status, body: answer } = await cluster.asAdmin('POST', path, body)
  if (status !== 201) expect(answer.message).toMatch(/program instantiation failed|no matching overload/)
  return status === 201
}

/** A random guardrail that the API server can enforce, in every namespace or in some. */
async function randomGuardrail(index: number): Promise<GuardrailInput> {
  const match = [undefined, undefined, { namespaces: ['pay*', 'search'] }, { clusterLabels: { tier: 'Prod' } }][
    index % 4
  ]
  for (;;) {
    const when = expressions.of('bool', 2 + Math.floor(random() * 3), [])
    const guardrail: GuardrailInput = {
      name: `g${index}`,
      description: 'd',
      effect: 'deny',
      when,
      ...(match && { match }),
    }
    const result = compileGuardrails([guardrailSchema.parse(guardrail)])
    const [compiled] = result.ok ? result.compiled : []
    if (compiled && whyNotEnforceable(compiled) === null && compiled.when?.mentions.has('rules')) {
      if (await isAccepted(compiled)) return guardrail
    }
  }
}

const word = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const aRule: fc.Arbitrary<Rule> = fc.record(
  {
    apiGroups: word('', 'apps', '*', 'rbac.authorization.k8s.io', 'batch'),
    resources: word(
      'pods',
      'pods/exec',
      'secrets',
      '*',
      '*/scale',
      'roles',
      'serviceaccounts/token',
      'deployments',
      'ä😀',
    ),
    verbs: word('get', 'list', 'create', 'patch', 'delete', '*', 'escalate', 'impersonate:user-info', 'Straße'),
    resourceNames: word('a', 'web-0', 'KARL', ''),
  },
  { requiredKeys: ['apiGroups', 'resources', 'verbs'] },
)
const aRole = fc.record({
  namespace: fc.constantFrom('payments', 'checkout', 'search', 'observability'),
  rules: fc.array(aRule, { maxLength: 4 }),
})
type ARole = { namespace: string; rules: Rule[] }

const namespaceLabels: Record<string, Record<string, string>> = {}

const inApp = (compiled: readonly CompiledGuardrail[], { namespace, rules }: ARole) => {
  const namespaces = [{ name: namespace, labels: namespaceLabels[namespace] ?? {} }]
  const facts = someFacts({ cluster: { ...name, namespaces }, rules, submission: { namespaces: [namespace] } })
  return new Set(judge(compiled, facts, new Date('2026-11-23T09:00:00Z')).violations.map(({ code }) => code))
}

const inCheck = (compiled: readonly CompiledGuardrail[], { namespace, rules }: ARole) =>
  judgeManifest(compiled, { cluster: name, reach: { namespace }, rules, risks: [] })

/** The guardrails of which the API server warns. */
async function inServer({ namespace, rules }: ARole): Promise<Set<string>> {
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles?dryRun=All`
  const { status, body, warnings } = await cluster.asAdmin('POST', path, { metadata: { name: 'any' }, rules })
  if (status !== 201) throw new Error(`${status}: ${body.message}`)
  const prefix = guardrailPolicyName('')
  return new Set(warnings.flatMap((line) => line.split(`with binding '${prefix}`)[1]?.split("'")[0] ?? []))
}

test(`${objects} Roles get the same answer from the app, from postern check and from the API server`, {
  timeout: 600_000,
}, async () => {
  for (const namespace of ['payments', 'checkout', 'search', 'observability']) {
    const { metadata } = JSON.parse(await cluster.kubectl(['get', 'namespace', namespace, '-o', 'json']))
    namespaceLabels[namespace] = metadata.labels
  }
  const pack = packGuardrails({
    'no-wildcards-in-prod': { clusterLabels: { environment: 'prod' } },
    'no-secrets-in-bulk': {},
  })
    .map(({ guardrail }) => guardrail)
    .filter(({ effect }) => effect === 'deny')
  const counts = { roles: 0, violations: 0, passes: 0 }
  for (let round = 0; round < rounds; round++) {
    const guardrails: GuardrailInput[] = []
    for (let index = 0; index < perRound; index++) guardrails.push(await randomGuardrail(index))
    const compiled = compile([...(pack as GuardrailInput[]), ...guardrails])
    const admission = admissionSection.parse({ mode: 'warn' })
    await cluster.install({ cluster: name, entitlements: [anEntitlement()], compiled, admission })
    const roles = fc.sample(aRole, { numRuns: Math.ceil(objects / rounds), seed: seed + round })
    for (const role of roles) {
      const [app, check, server] = [inApp(compiled, role), inCheck(compiled, role), await inServer(role)]
      const inconclusive = new Set(check.flatMap(({ kind, guardrail }) => (kind === 'inconclusive' ? [guardrail] : [])))
      const checked = check.flatMap(({ kind, guardrail }) => (kind === 'violation' ? [guardrail] : []))
      const text = JSON.stringify({ role, guardrails: guardrails.map(({ when }) => when) })
      expect([...server].sort(), text).toEqual([...app].sort())
      const known = (names: Iterable<string>) => [...names].filter((one) => !inconclusive.has(one)).sort()
      expect(known(checked), text).toEqual(known(server))
      counts.roles++
      counts.violations += server.size
      counts.passes += compiled.length - server.size
    }
  }
  expect(counts.roles).toBeGreaterThanOrEqual(objects)
  // Both answers are frequent, or the comparison would prove little.
  expect(counts.violations).toBeGreaterThan(counts.roles)
  expect(counts.passes).toBeGreaterThan(counts.roles)
})
