// The API server is the oracle: random rules are decided here and by the server, and both must agree.
// `npm run test:rbac -- --cases 50000` runs more cases, `--seed` repeats a run (POSTERN_RBAC_CASES, POSTERN_RBAC_SEED).
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { allows } from './allows.ts'
import { anAttributes, aRule, aRules, atomsOf } from './arbitrary.testing.ts'
import { breakdown } from './breakdown.ts'
import { covers } from './covers.ts'
import { grantRules, isAllowed, must, type Oracle, openOracle, refusalToGrant, untilApplied } from './oracle.testing.ts'

const cases = Number(process.env.POSTERN_RBAC_CASES ?? 2000)
const seed = Number(process.env.POSTERN_RBAC_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** The number of users in one namespace. The authorizer walks all bindings of a namespace for each question. */
const batch = 100
const timeout = 60_000 + cases * 50

let oracle: Oracle
beforeAll(async () => {
  process.stdout.write(`rbac oracle: POSTERN_RBAC_SEED=${seed} POSTERN_RBAC_CASES=${cases}\n`)
  oracle = await openOracle()
})
afterAll(() => oracle.close())

/** Visits all items, sixteen at a time. */
async function forAll<T>(items: readonly T[], visit: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0
  const walk = async () => {
    for (let index = next++; index < items.length; index = next++) await visit(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: 16 }, walk))
}

/** Runs in a new namespace in which each user holds the given rules, and deletes it afterwards. */
async function withUsers(name: string, held: readonly Rule[][], visit: (namespace: string) => Promise<void>) {
  const namespace = `oracle-${name}-${seed}`
  await must(oracle.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } }))
  try {
    await forAll(held, (rules, index) => grantRules(oracle, namespace, userOf(index), rules))
    await untilApplied(oracle, namespace, 'sentinel')
    await visit(namespace)
  } finally {
    await must(oracle.call('DELETE', `/api/v1/namespaces/${namespace}`))
  }
}
const userOf = (index: number) => `user-${index}`

const batchesOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / batch) }, (_, n) => items.slice(n * batch, (n + 1) * batch))

test('allows decides as the server’s authorizer', { timeout }, async () => {
  const questionsEach = 12
  const numRuns = Math.max(1, Math.ceil(cases / questionsEach))
  // Random rules rarely allow random questions, so half of the questions come from the rules themselves.
  const questions = fc.array(anAttributes, { minLength: questionsEach, maxLength: questionsEach })
  const samples = fc.sample(fc.tuple(aRules, questions, fc.array(aRule, { minLength: 1, maxLength: 2 })), {
    numRuns,
    seed,
  })
  const differences: string[] = []
  const answers = { true: 0, false: 0 }
  for (const [number, some] of batchesOf(samples).entries()) {
    const held = some.map(([rules]) => rules)
    await withUsers(`allows-${number}`, held, async (namespace) => {
      await forAll(some, async ([rules, random, others], index) => {
        const near = breakdown([...rules, ...others], [namespace]).slice(0, questionsEach / 2)
        for (const attributes of [...near, ...random].slice(0, questionsEach)) {
          const question = { ...attributes, namespace }
          const expected = await isAllowed(oracle, userOf(index), question)
          answers[`${expected}`]++
          if (allows(rules, question) !== expected) {
            differences.push(`server says ${expected}: ${JSON.stringify({ rules, question })}`)
          }
        }
      })
    })
  }
  expect(differences.slice(0, 5)).toEqual([])
  // Both decisions must occur often enough to be meaningful.
  expect(Math.min(answers.true, answers.false)).toBeGreaterThan(cases / 20)
})

/** Rules similar to these, with fewer or other values in each dimension. */
const near = (rules: readonly Rule[]): fc.Arbitrary<Rule[]> =>
  fc.array(
    rules.length === 0
      ? aRule
      : fc.tuple(fc.constantFrom(...rules), aRule, fc.nat(15)).map(([own, other, mask]) => ({
          apiGroups: mask & 1 && mask & 2 ? other.apiGroups : own.apiGroups.slice(0, 2),
          resources: mask & 2 && mask & 4 ? other.resources : own.resources.slice(0, 2),
          verbs: mask & 4 && mask & 8 ? other.verbs : own.verbs.slice(0, 2),
          resourceNames: mask & 8 && mask & 1 ? other.resourceNames : own.resourceNames,
        })),
    { maxLength: 3 },
  )

const mayCreateRoles: Rule = { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] }

/** `escalate` on roles without a name, as the server checks it when a role is created. */
const escalate = (namespace: string) => ({
  namespace,
  verb: 'escalate',
  group: 'rbac.authorization.k8s.io',
  resource: 'roles',
  subresource: '',
  name: '',
})

const atoms = (rules: readonly Rule[]) => new Set(rules.flatMap(atomsOf).map((atom) => JSON.stringify(atom)))

test('covers leaves uncovered exactly the permissions that the server refuses to let a user grant', {
  timeout,
}, async () => {
  const requestsEach = 10
  // Half as many, because each case is a complete write for the server.
  const numRuns = Math.max(1, Math.ceil(cases / 2 / requestsEach))
  const owners = aRules.chain((owner) =>
    fc.tuple(
      fc.constant(owner),
      fc.array(fc.oneof(aRules, near(owner), near(owner)), { minLength: requestsEach, maxLength: requestsEach }),
    ),
  )
  const samples = fc.sample(owners, { numRuns, seed })
  const differences: string[] = []
  const answers = { covered: 0, uncovered: 0 }
  for (const [number, some] of batchesOf(samples).entries()) {
    const held = some.map(([owner]) => [...owner, mayCreateRoles])
    await withUsers(`covers-${number}`, held, async (namespace) => {
      await forAll(some, async ([owner, requests], index) => {
        const rules = [...owner, mayCreateRoles]
        for (const requested of requests) {
          const refusal = await refusalToGrant(oracle, namespace, userOf(index), requested)
          const { covered, uncovered } = covers(rules, requested)
          const expected = covered || allows(rules, escalate(namespace)) ? [] : uncovered
          answers[covered ? 'covered' : 'uncovered']++
          const isSame = atoms(refusal ?? []).symmetricDifference(atoms(expected)).size === 0
          if (!isSame)
            differences.push(
              `server says ${JSON.stringify(refusal)}: ${JSON.stringify({ rules, requested, expected })}`,
            )
        }
      })
    })
  }
  expect(differences.slice(0, 5)).toEqual([])
  expect(Math.min(answers.covered, answers.uncovered)).toBeGreaterThan(cases / 40)
})
