import { expect, test } from 'vitest'
import { requestInFull } from '#lib/api-client/shapes'
import { requestText } from './show-text.ts'

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
