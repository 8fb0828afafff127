import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canTellApart, isSamePerson, mailboxOf, verifiedEmails } from './same-person.ts'

const account = (email: string | null, emailVerified = true, knownEmails: string[] = []) => ({
  ...{ issuer: 'https://id.example.com', subject: `sub-${email}-${Math.random()}` },
  ...{ email, emailVerified, knownEmails },
})

describe('spellings of one mailbox', () => {
  test.each([
    ['upper case', 'Mina@Example.COM', 'mina@example.com'],
    ['a tag', 'mina+two@example.com', 'mina@example.com'],
    ['two tags', 'mina+two+three@example.com', 'mina@example.com'],
    ['an internationalized domain', 'mina@bücher.example', 'mina@xn--bcher-kva.example'],
    ['a decomposed umlaut in the domain', 'mina@bu\u0308cher.example', 'mina@xn--bcher-kva.example'],
    ['upper case in an internationalized domain', 'mina@BÜCHER.example', 'mina@xn--bcher-kva.example'],
    ['an ideographic full stop', 'mina@example。com', 'mina@example.com'],
    ['a halfwidth ideographic full stop', 'mina@example｡com', 'mina@example.com'],
    ['fullwidth letters in the domain', 'mina@ｅｘａｍｐｌｅ．ｃｏｍ', 'mina@example.com'],
  ])('%s makes no other person', (_, spelling, mailbox) => {
    expect(mailboxOf(spelling)).toBe(mailbox)
    expect(isSamePerson(account(spelling), account(mailbox))).toBe(true)
    expect(isSamePerson(account(mailbox), account(null, false, [spelling]))).toBe(true)
  })

  test.each([
    'mina',
    '@example.com',
    'mina@',
    '"mina"@example.com',
    '"mi@na"@example.com',
    'mina(work)@example.com',
    'mina@(work)example.com',
    'mina @example.com',
    ' mina@example.com',
    'mina@example.com ',
    'mina@example.com.',
    'mina@example。com。',
    'mina@.example.com',
    'mina@example..com',
    'mina.@example.com',
    '.mina@example.com',
    'mi..na@example.com',
    'mina@evil.example@example.com',
    'mina@[192.0.2.1]',
    'mina@192.0.2.1',
    'mina@127.1',
    'mina@0x7f.1',
    'mina@exam%70le.com',
    'mina@exam\u00adple.com',
    'mina@exam\u200bple.com',
    'mina@-example.com',
    'mina.+tag@example.com',
    'ｍina@example.com',
    'mína@example.com',
    '\u212aim@example.com',
    'mi\u017fa@example.com',
    'mi\u0000na@example.com',
    '<mina@example.com>',
    'mailto:mina@example.com',
    `${'m'.repeat(65)}@example.com`,
    `mina@${'example.'.repeat(40)}com`,
  ])('%j counts as unverified', (email) => {
    expect(mailboxOf(email)).toBeNull()
    expect(verifiedEmails(account(email))).toEqual([])
    expect(canTellApart(account(email), account('priya@example.com'), false)).toBe(false)
  })

  test.each(['m@example.com', "o'neil@example.com", 'a_b-c.d@mail.example.co.uk', '+x@example.com', 'mina@corp'])(
    '%j is a usual address',
    (email) => {
      expect(mailboxOf(email)).toBe(email)
    },
  )

  test('a mailbox is its own mailbox, whatever text it was made from', () => {
    const part = fc.string({ unit: 'binary', maxLength: 12 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.emailAddress(),
          fc.tuple(part, part).map((parts) => parts.join('@')),
        ),
        (text) => {
          const mailbox = mailboxOf(text)
          if (mailbox !== null) expect([mailbox, mailboxOf(mailbox)]).toEqual([mailbox, mailbox.toLowerCase()])
        },
      ),
    )
  })
})

describe('accounts that can be told apart', () => {
  const mina = account('mina@example.com')
  test('both need a verified address, unless the provider gives each person one subject', () => {
    expect(canTellApart(mina, account('priya@example.com'), false)).toBe(true)
    for (const other of [account('priya@example.com', false), account(null, false)]) {
      expect(canTellApart(mina, other, false)).toBe(false)
      expect(canTellApart(other, mina, false)).toBe(false)
      expect(canTellApart(mina, other, true)).toBe(true)
    }
  })

  test('a former verified address is enough if it is signed, and a known address alone is not', () => {
    const former = account('priya@example.com', false, ['priya@example.com'])
    expect(canTellApart(mina, former, false)).toBe(false)
    expect(canTellApart(mina, { ...former, everVerified: true }, false)).toBe(true)
  })
})
