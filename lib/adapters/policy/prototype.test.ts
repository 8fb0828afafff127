import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseBody, parseQuery } from '#lib/api/read-input'
import { submissionSchema } from '#lib/core/access/request'
import { aConfiguration } from '#testing/configuration'
import { parseConfiguration } from './parse.ts'

// Names that mean something to JavaScript are names like any other, wherever they stand in what is read.

const dangerous = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']

afterEach(() => {
  // Nothing that was read may show up on objects that were not.
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(String({})).toBe('[object Object]')
})

test.each(dangerous)('%s in a configuration changes no prototype, at any depth', (name) => {
  const text = stringify(aConfiguration())
  const places = [
    text.replace('labels:\n', `labels:\n      ${name}: { polluted: yes }\n`),
    text.replace('identity:\n', `identity:\n  ${name}: { polluted: yes }\n`),
    text.replace('rules:\n      - ', `rules:\n      - ${name}: { polluted: yes }\n        `),
    `${text}\nguardrailPack: { ${name}: { polluted: yes } }\n`,
  ]
  for (const changed of places) {
    expect(changed).not.toBe(text)
    const parsed = parseConfiguration(changed, 'postern.yaml')
    expect(parsed.ok, changed.slice(0, 200)).toBe(false)
  }
  // As a label it is text like any other, or refused; it is never the prototype of the labels.
  const labelled = parseConfiguration(text.replace('labels:\n', `labels:\n      ${name}: polluted\n`), 'postern.yaml')
  if (!labelled.ok) return
  const [cluster] = labelled.configuration.clusters
  expect(Object.getPrototypeOf(cluster?.labels)).toBe(Object.prototype)
})

test.each(dangerous)('%s in a body or a query is refused by its name', (name) => {
  const rule = `{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "${name}": { "polluted": true } }`
  const body = `{ "entitlement": "a", "cluster": "c", "namespaces": ["n"], "reason": "because", "duration": "PT5M", "rules": [${rule}] }`
  expect(() => parseBody(body, submissionSchema)).toThrow(/shape/)
  expect(() => parseBody(`{ "${name}": { "polluted": true } }`, submissionSchema)).toThrow(/shape/)
  expect(() => parseQuery(new URL(`http://x/?${name}=polluted`), submissionSchema)).toThrow(
    /not one that is understood/,
  )
})
