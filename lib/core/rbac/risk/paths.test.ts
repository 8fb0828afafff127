import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { severities } from '#lib/core/access/severity'
import { allowsPath } from '#lib/core/rbac/allows-path'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { assessRisk } from './assess.ts'
import { catalogue } from './catalogue.ts'
import { any, rule } from './entry.ts'
import { everyExtension, extensionKinds } from './extension-kinds.ts'
import { pathEntries } from './paths.ts'

const found = (...paths: PathRule[]) => assessRisk([], { paths }).findings.map(({ id }) => id)
const get = (...nonResourceURLs: string[]): PathRule => ({ verbs: ['get'], nonResourceURLs })

describe.each(pathEntries.map((entry) => [entry.id, entry] as const))('%s', (id, entry) => {
  test('its example has this risk and only those that it includes', () => {
    const { severity, findings } = assessRisk([], { paths: [entry.example] })
    expect(severity).toBe(entry.severity)
    expect(findings.filter(({ partOf }) => partOf.length === 0)).toMatchObject([
      { id, rules: [], paths: [entry.example] },
    ])
  })

  test('rules that miss it by one field do not have the risk', () => {
    const { verbs, nonResourceURLs } = entry.example
    if (entry.methods !== any) expect(found({ verbs: verbs.map((verb) => `${verb}x`), nonResourceURLs })).toEqual([])
    expect(found({ verbs, nonResourceURLs: nonResourceURLs.map((path) => `/x${path}`) })).toEqual([])
  })

  test('it is not a finding in a namespace, and is part of "everything" in the cluster', () => {
    expect(assessRisk([], { scope: 'namespace', paths: [entry.example] }).findings).toEqual([])
    const all = assessRisk([rule(['*'], ['*'], '*')], { paths: [entry.example] }).findings
    expect(all.find((one) => one.id === id)?.partOf).toContain('everything')
  })

  test('its sentence is short and starts with "Can", and every entry that it includes is at most as severe', () => {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(entry.sentence.length).toBeLessThanOrEqual(120)
    expect(entry.sentence).toMatch(/^Can .*\.$/)
    for (const part of Array.isArray(entry.includes) ? entry.includes : []) {
      const other = pathEntries.find((candidate) => candidate.id === part)
      expect(severities.indexOf(other?.severity ?? 'high')).toBeLessThanOrEqual(severities.indexOf(entry.severity))
    }
  })
})

test('no two entries of the whole catalogue share an id', () => {
  const ids = [...catalogue, everyExtension, ...extensionKinds, ...pathEntries].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test.each([
  [['/debug/*'], ['profiles-control-plane', 'reads-requests-in-flight']],
  [['/debug/pprof/heap'], ['profiles-control-plane']],
  [['/log*'], ['reads-control-plane-logs']],
  [['/logs/kube-apiserver/audit.log'], ['reads-control-plane-logs']],
  [['/metrics/slis'], ['reads-control-plane-metrics']],
  [['/logsx', '/metric', '/*/pprof', '/debug'], []],
  [['/healthz', '/healthz/*', '/livez', '/version', '/api/*', '/apis', '/openapi/*'], []],
])('%j has the risks %j, with stars as the API server reads them', (paths, expected) => {
  expect(found(get(...paths)).sort()).toEqual(expected)
})

test.each(['*', '/*', '**', '/**'])('%s matches every path', (pattern) => {
  expect(found(get(pattern))[0]).toBe('reaches-every-path')
  expect(found({ verbs: ['*'], nonResourceURLs: [pattern] }).sort()).toEqual(pathEntries.map(({ id }) => id).sort())
})

test('every rule that allows a request for one of the paths is a finding', () => {
  const urls = [
    '/logs',
    '/logs/a',
    '/debug/pprof',
    '/debug/pprof/heap',
    '/debug/flags/v',
    '/metrics',
    '/configz',
    '/flagz',
  ]
  const pattern = fc
    .constantFrom(...urls)
    .chain((url) =>
      fc
        .tuple(fc.nat(url.length), fc.constantFrom('', '*', '**'))
        .map(([length, star]) => (star ? url.slice(0, length) + star : url)),
    )
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('get', 'put', '*'),
      (paths, verb) => {
        const rules = [{ verbs: [verb], nonResourceURLs: paths }]
        for (const { id, methods, paths: named } of pathEntries) {
          if (methods === any) continue
          const requests = urls.filter((url) => named.some((path) => allowsPath([get(path)], 'get', url)))
          const isGiven = requests.some((url) => methods.some((method) => allowsPath(rules, method, url)))
          if (isGiven) expect(found(...rules), id).toContain(id)
        }
      },
    ),
    { numRuns: 500 },
  )
})
