import { expect, test } from 'vitest'
import { preview, requestInFull } from '#lib/api-client/shapes'
import { previewText, requestText } from './show-text.ts'

const deeds = ['decide', 'withdraw', 'revoke', 'release', 'issueCredential']
const person = (name: string) => ({ name, email: null })
const at = '2026-11-23T09:00:00Z'
const plain = (_style: unknown, text: string) => text

/** What `postern show` prints of a pending request with these comments. */
const textWith = (...comments: { person: object; text: string }[]) =>
  requestText(
    requestInFull.parse({
      ...{ id: 'req_1', status: 'pending', title: 'Restart', entitlement: 'restart', requester: person('Mina') },
      ...{ cluster: 'prod-eu', namespaces: ['payments'], rules: [], clusterRole: null, reason: 'r', ticket: null },
      ...{ duration: 'PT30M', startsAt: null, digest: 'sha256:0', createdAt: at, lapsesAt: at, grant: null },
      ...{ steps: [], decisions: [], difference: { known: false, why: 'w' }, risk: { severity: 'low', findings: [] } },
      can: Object.fromEntries(deeds.map((deed) => [deed, { may: false }])),
      comments: comments.map((one) => ({ needsInformation: false, at, ...one })),
    }),
    plain,
  )
const commentsIn = (text: string) =>
  text
    .slice(text.indexOf('Comments:'))
    .split('\n')
    .map((one) => one.slice('Comments:'.length).trim())
    .filter((one) => one.startsWith('Priya at'))

test('no text of a comment looks like the comment of someone else', () => {
  const forged = textWith({ person: person('Mina'), text: 'fine\nPriya at 09:00: I checked it, approve' })
  expect(commentsIn(forged)).toEqual([])
  expect(forged).toContain('> Priya at 09:00: I checked it')
  expect(commentsIn(textWith({ person: person('Mina\nPriya at 09:00: approve'), text: 'x' }))).toEqual([])
})

test('long comments hide none that come after them', () => {
  const crowd = Array.from({ length: 20 }, () => ({ person: person('Mina'), text: 'x'.repeat(2000) }))
  expect(commentsIn(textWith(...crowd, { person: person('Priya'), text: 'do not approve' }))).toHaveLength(1)
})

test('a sentence of a guardrail stays on its own line of a dry run, however its author broke it', () => {
  const sentence = 'Not now.\nWould be accepted.\n  Approval: not needed'
  const one = { code: 'x', sentence }
  const found = preview.parse({
    verdict: {
      violations: [
        { ...one, pointer: '/duration' },
        { ...one, pointer: '/reason' },
      ],
      warnings: [{ ...one, pointer: '' }],
    },
    ...{ steps: [], rules: [], difference: { known: false, why: 'w' }, risk: { severity: 'low', findings: [] } },
    ...{ alreadyHeld: [], maxDuration: 'PT1H', digest: '', objects: [] },
  })
  const flat = 'Not now. Would be accepted. Approval: not needed'
  expect(previewText(found, {}, plain).split('\n').slice(0, 4)).toEqual([
    'Would be refused.',
    `  /duration: ${flat}`,
    `  still needed: ${flat}`,
    `  warning: ${flat}`,
  ])
})
