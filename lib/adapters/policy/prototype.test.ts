import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseBody, parseQuery } from '#lib/api/read-input'
import { submissionSchema } from '#lib/core/access/request'
import { aConfiguration } from '#testing/configuration'
import { parseConfiguration } from './parse.ts'

// Names with a meaning in JavaScript, such as __proto__, have no effect wherever they appear in input.

const dangerous = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']

afterEach(() => {
  // Nothing from the input may appear on other objects.
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(String({})).toBe('[object Object]')
})

test.each(dangerous)('%s at any depth of a configuration changes no prototype', (name) => {
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
  // As a label it is ordinary text or refused, but never the prototype of the labels.
  const labelled = parseConfiguration(text.replace('labels:\n', `labels:\n      ${name}: polluted\n`), 'postern.yaml')
  if (!labelled.ok) return
  const [cluster] = labelled.configuration.clusters
  expect(Object.getPrototypeOf(cluster?.labels)).toBe(Object.prototype)
})

test.each(dangerous)('%s as a field of a body or a query is refused', (name) => {
  const rule = `{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "${name}": { "polluted": true } }`
  const body = `{ "entitlement": "a", "cluster": "c", "namespaces": ["n"], "reason": "because", "duration": "PT5M", "rules": [${rule}] }`
  expect(() => parseBody(body, submissionSchema)).toThrow(/invalid fields/)
  expect(() => parseBody(`{ "${name}": { "polluted": true } }`, submissionSchema)).toThrow(/invalid fields/)
  expect(() => parseQuery(new URL(`http://x/?${name}=polluted`), submissionSchema)).toThrow(/query is invalid/)
})
