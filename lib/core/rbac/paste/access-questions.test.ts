import { describe, expect, test } from 'vitest'
import { accessQuestions, type CheckAccessFields } from './access-questions.ts'

const none: CheckAccessFields = { q: '', cluster: '', verb: '', what: '', namespace: '', name: '', person: '' }
const questionsFor = (fields: Partial<CheckAccessFields>) =>
  accessQuestions({ ...none, ...fields }, ['prod-eu', 'staging'])

describe('access questions', () => {
  test.each([
    ['deploy', { group: 'apps', resource: 'deployments', subresource: '' }],
    ['deployments.apps/scale', { group: 'apps', resource: 'deployments', subresource: 'scale' }],
    ['pods/log', { group: '', resource: 'pods', subresource: 'log' }],
    ['widgets.example.com', { group: 'example.com', resource: 'widgets', subresource: '' }],
    ['deploymant', { group: '', resource: 'deploymant', subresource: '' }],
  ])('%s is understood as kubectl understands it', (what, expected) => {
    const [question] = questionsFor({ verb: 'Get', what, namespace: 'payments' })
    expect(question).toMatchObject({ cluster: 'prod-eu', verb: 'get', namespace: 'payments', ...expected })
  })

  test('a question about a path has neither a namespace nor a name', () => {
    expect(questionsFor({ verb: 'get', what: '/metrics', namespace: 'payments', name: 'x' })).toEqual([
      { cluster: 'prod-eu', verb: 'get', path: '/metrics', group: '', subresource: '', name: '', namespace: '' },
    ])
  })

  test('a pasted command becomes one question per permission, in the cluster and namespace that it names', () => {
    const questions = questionsFor({ q: 'kubectl --context staging -n payments rollout restart deploy/api' })
    expect(
      questions.map(({ cluster, verb, resource, namespace, name }) => [cluster, verb, resource, namespace, name]),
    ).toEqual([
      ['staging', 'get', 'deployments', 'payments', 'api'],
      ['staging', 'patch', 'deployments', 'payments', 'api'],
    ])
  })

  test('incomplete fields and other texts become no question, and a long paste at most twelve', () => {
    expect(questionsFor({})).toEqual([])
    expect(questionsFor({ verb: 'get' })).toEqual([])
    expect(questionsFor({ q: 'hello there' })).toEqual([])
    expect(questionsFor({ q: 'kubectl get all -n payments' }).length).toBeLessThanOrEqual(12)
  })
})
