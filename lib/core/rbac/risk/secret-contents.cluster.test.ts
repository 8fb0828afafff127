// Which permissions over Secrets return what is in them? The API server is the oracle, and the catalogue must agree.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rule } from '#lib/core/access/rule'
import { grantRules, must, type Oracle, openOracle, untilApplied } from '../oracle.testing.ts'
import { assessRisk } from './assess.ts'

const namespace = `contents-${randomBytes(4).toString('hex')}`
const secrets = `/api/v1/namespaces/${namespace}/secrets`
const content = Buffer.from('hunter2').toString('base64')

type Way = {
  verb: string
  method: string
  path: string
  body?: object
  /** By a rule that names the Secret, and that names none. */
  named: boolean
  unnamed: boolean
}
const secret = `${secrets}/database`
const foreground = 'propagationPolicy=Foreground'
const ways: Way[] = [
  { verb: 'get', method: 'GET', path: secret, named: true, unnamed: true },
  { verb: 'list', method: 'GET', path: secrets, named: false, unnamed: true },
  { verb: 'patch', method: 'PATCH', path: secret, body: {}, named: true, unnamed: true },
  { verb: 'patch', method: 'PATCH', path: `${secret}?dryRun=All`, body: {}, named: true, unnamed: true },
  { verb: 'update', method: 'PUT', path: `${secret}?dryRun=All`, named: false, unnamed: false },
  { verb: 'create', method: 'POST', path: `${secrets}?dryRun=All`, named: false, unnamed: false },
  { verb: 'delete', method: 'DELETE', path: `${secret}?dryRun=All`, named: false, unnamed: false },
  { verb: 'delete', method: 'DELETE', path: `${secret}?dryRun=All&${foreground}`, named: true, unnamed: true },
  { verb: 'deletecollection', method: 'DELETE', path: `${secrets}?dryRun=All`, named: false, unnamed: true },
]
const ruleOf = (verb: string, isNamed: boolean): Rule => {
  const rule = { apiGroups: [''], resources: ['secrets'], verbs: [verb] }
  return isNamed ? { ...rule, resourceNames: ['database'] } : rule
}
const userOf = (verb: string, isNamed: boolean) => `${namespace}-${verb}${isNamed ? '-named' : ''}`
const users = [...new Set(ways.map(({ verb }) => verb))].flatMap((verb) =>
  [true, false].map((isNamed) => [verb, isNamed] as const),
)

let oracle: Oracle
beforeAll(async () => {
  oracle = await openOracle()
  await must(oracle.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } }))
  await must(oracle.call('POST', secrets, { metadata: { name: 'database' }, data: { password: content } }))
  for (const [verb, isNamed] of users)
    await grantRules(oracle, namespace, userOf(verb, isNamed), [ruleOf(verb, isNamed)])
  await untilApplied(oracle, namespace, `${namespace}-sentinel`)
})
afterAll(async () => {
  await must(oracle.call('DELETE', `/api/v1/namespaces/${namespace}`))
  oracle.close()
})

const isFound = (rule: Rule) =>
  assessRisk([rule], { scope: 'namespace' }).findings.some(({ id }) =>
    ['reads-secrets', 'reads-named-secrets'].includes(id),
  )

test.each(
  ways.flatMap((way) =>
    [true, false].map((isNamed) => [way.verb, way.path.slice(secrets.length), isNamed, way] as const),
  ),
)(
  '%s %s returns the contents of a Secret as the catalogue says (rule with its name: %s)',
  async (verb, _, isNamed, { method, path, body, named, unnamed }) => {
    const sent = body ?? (method === 'GET' || method === 'DELETE' ? undefined : { metadata: { name: 'database' } })
    const answer = await oracle.call(method, path, sent, { user: userOf(verb, isNamed), groups: [] })
    expect(JSON.stringify(answer.body).includes(content), JSON.stringify(answer)).toBe(isNamed ? named : unnamed)
    if (isNamed ? named : unnamed) expect(isFound(ruleOf(verb, isNamed))).toBe(true)
    // Every dry run has left the Secret as it was.
    const { data } = await must(oracle.call('GET', secret))
    expect(data).toEqual({ password: content })
  },
)

test('a verb that never returns the contents is not called reading', () => {
  for (const verb of new Set(ways.map(({ verb }) => verb)))
    for (const isNamed of [true, false]) {
      const reads = ways.some((way) => way.verb === verb && (isNamed ? way.named : way.unnamed))
      // By its name, a Secret is also listed with a field selector.
      expect(isFound(ruleOf(verb, isNamed)), `${verb} ${isNamed}`).toBe(reads || verb === 'list')
    }
})
