import { describe, expect, test } from 'vitest'
import { questionsOf, type WhyFields } from './access-questions.ts'

const none: WhyFields = { q: '', cluster: '', verb: '', what: '', namespace: '', name: '', person: '' }
const asked = (fields: Partial<WhyFields>) => questionsOf({ ...none, ...fields }, ['prod-eu', 'staging'])

describe('what is asked', () => {
  test.each([
    ['deploy', { group: 'apps', resource: 'deployments', subresource: '' }],
    ['deployments.apps/scale', { group: 'apps', resource: 'deployments', subresource: 'scale' }],
    ['pods/log', { group: '', resource: 'pods', subresource: 'log' }],
    ['widgets.example.com', { group: 'example.com', resource: 'widgets', subresource: '' }],
    ['deploymant', { group: '', resource: 'deploymant', subresource: '' }],
  ])('%s in the words of kubectl', (what, expected) => {
    const [question] = asked({ verb: 'Get', what, namespace: 'payments' })
    expect(question).toMatchObject({ cluster: 'prod-eu', verb: 'get', namespace: 'payments', ...expected })
  })

  test('a path has neither namespace nor name', () => {
    expect(asked({ verb: 'get', what: '/metrics', namespace: 'payments', name: 'x' })).toEqual([
      { cluster: 'prod-eu', verb: 'get', path: '/metrics', group: '', subresource: '', name: '', namespace: '' },
    ])
  })

  test('each single right that a pasted command needs, in the cluster and namespace that it names', () => {
    const questions = asked({ q: 'kubectl --context staging -n payments rollout restart deploy/api' })
    expect(
      questions.map(({ cluster, verb, resource, namespace, name }) => [cluster, verb, resource, namespace, name]),
    ).toEqual([
      ['staging', 'get', 'deployments', 'payments', 'api'],
      ['staging', 'patch', 'deployments', 'payments', 'api'],
    ])
  })

  test('nothing where there is nothing to ask, and never more than a reader can read', () => {
    expect(asked({})).toEqual([])
    expect(asked({ verb: 'get' })).toEqual([])
    expect(asked({ q: 'hello there' })).toEqual([])
    expect(asked({ q: 'kubectl get all -n payments' }).length).toBeLessThanOrEqual(12)
  })
})
