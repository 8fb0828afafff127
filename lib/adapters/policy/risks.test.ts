import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { aConfiguration } from '#testing/configuration'
import { guardrailsSource } from './guardrails-source.ts'
import { parseConfiguration } from './parse.ts'

/** A configuration that begins with these lines, so that their lines count from 1. */
const parsed = (lines: string) =>
  parseConfiguration(`${lines}\n${stringify({ ...aConfiguration(), risks: undefined })}`, 'postern.yaml')

/** Each problem as `line:column path message`. */
function problems(lines: string): string[] {
  const result = parsed(lines)
  if (result.ok) throw new Error('was accepted')
  return result.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`)
}

const one = (changes: Record<string, unknown>) =>
  stringify({
    risks: [
      {
        group: 'jobs.example.com',
        resources: ['batchruns'],
        verbs: ['create'],
        leadsTo: 'runs-programs',
        why: 'runs any image',
        ...changes,
      },
    ],
  }).trimEnd()

describe('the risks of a configuration', () => {
  test('are in the configuration, and change its hash', () => {
    const [without, withRisk] = [parsed('trustedProxies: 0'), parsed(one({}))]
    if (!without.ok || !withRisk.ok) throw new Error('was refused')
    expect(without.configuration.risks).toEqual([])
    expect(withRisk.configuration.risks).toMatchObject([{ group: 'jobs.example.com', leadsTo: 'runs-programs' }])
    expect(withRisk.hash).not.toBe(without.hash)
  })

  test('may have a severity, a scope and a source, and name subresources or every resource', () => {
    const all = {
      severity: 'high',
      scope: 'cluster',
      source: 'https://wiki.example.com/batch',
      resources: ['*', 'a/proxy'],
    }
    expect(parsed(one(all)).ok).toBe(true)
    for (const group of ['*', '*.example.com']) expect(parsed(one({ group })).ok).toBe(true)
  })

  test.each([
    [{ group: 'shop.*' }, 'risks[0].group must be an API group such as example.com, or *.example.com'],
    [{ group: '' }, 'risks[0].group must be an API group such as example.com'],
    [{ resources: ['BatchRun'] }, 'risks[0].resources[0] must be a resource in lower-case plural such as widgets'],
    [{ resources: ['proxy/*'] }, 'risks[0].resources[0] must be a resource in lower-case plural such as widgets'],
    [{ resources: [] }, 'risks[0].resources must not be empty'],
    [{ verbs: ['*'] }, 'risks[0].verbs[0] must be a verb in lower case, such as create; * is not one'],
    [{ leadsTo: 'more-power' }, 'risks[0].leadsTo must be one of grants-access, changes-identities, '],
    [{ leadsTo: undefined }, 'risks[0].leadsTo is missing: it must be one of grants-access, '],
    [{ why: 'runs\u202eany' }, 'risks[0].why must be one line of text'],
    [{ why: 'x'.repeat(101) }, 'risks[0].why must be at most 100 characters'],
    [{ severity: 'severe' }, 'risks[0].severity must be one of low, medium, high'],
    [{ scope: 'namespace' }, 'risks[0].scope must be cluster or absent'],
    [{ source: 'http://wiki.example.com' }, 'risks[0].source must be a URL that begins with https://'],
    [{ verb: ['create'] }, 'risks[0].verb is not a known key; did you mean verbs?'],
  ])('%j is refused with its place and what would be right', (changes, expected) => {
    const [problem = '', ...more] = problems(one(changes))
    expect(more).toEqual([])
    expect(problem.replace(/^\d+:\d+ /, '')).toContain(expected)
    expect(problem).toMatch(/^[2-9]:/)
  })

  test('are shown with the guardrails to those who may not read the rest of the file', () => {
    const text = `clusters: []\n${one({})}\nroles: {}\n`
    expect(guardrailsSource(text)).toBe(one({}))
  })
})
