import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyText } from '#testing/any-text'
import { kubectlLine, quoted } from './kubectl-text.ts'

/** Characters that mean something to a shell or a terminal, or that no one sees. */
const special = fc
  .array(
    fc.constantFrom(
      ...'\'"\\`$!;&|<>(){}[]*?~# \n\r\t\u0007\u001b\u007f\u0085\u00a0\u200b\u202e\u2066\u3164\u{e0041}ab',
    ),
    {
      maxLength: 30,
    },
  )
  .map((parts) => parts.join(''))
const names = fc.oneof(special, anyText(30)).filter((name) => !name.includes('\0'))
const many = fc.array(names, { minLength: 1, maxLength: 60 })

describe('a name in a command line', () => {
  test('is the same name to bash, whatever its characters', () => {
    fc.assert(
      fc.property(many, (all) => {
        const printed = execFileSync('bash', ['-c', `printf '%s\\0' ${all.map(quoted).join(' ')}`], {
          encoding: 'utf8',
        })
        expect(printed.split('\0').slice(0, -1)).toEqual(all)
      }),
      { numRuns: 20 },
    )
  })

  test('is one word to a plain sh, which runs nothing of it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'postern-quoted-'))
    try {
      const run = [
        'x;touch pwned',
        '$(touch pwned)',
        "';touch pwned;'",
        "\\';touch pwned;\\'",
        '`touch pwned`',
        "\n';touch pwned #",
      ]
      fc.assert(
        fc.property(fc.oneof(many, fc.constant(run)), (all) => {
          const text = `set -- ${all.map(quoted).join(' ')}; echo $#`
          expect(execFileSync('sh', ['-c', text], { cwd: directory, encoding: 'utf8' })).toBe(`${all.length}\n`)
        }),
        { numRuns: 20, examples: [[run]] },
      )
      expect(readdirSync(directory)).toEqual([])
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('has no character that the shells of Windows, nushell or tcsh act on', () => {
    fc.assert(
      fc.property(names, (name) => {
        // cmd.exe knows no single quotes; nushell evaluates `$'… (…)'`; tcsh expands `!` in every quote.
        expect(quoted(name)).not.toMatch(/[&|<>^%"!\r\n]/)
        if (quoted(name).startsWith('$')) expect(quoted(name)).not.toMatch(/[()]/)
      }),
      { examples: [['team & calc'], ['%PATH%'], ['a|b'], ["(whoami)'"]] },
    )
  })

  test('shows only printable ASCII, so that no character is invisible or changes the order of the line', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(quoted(name)).toMatch(/^[ -~]+$/)
      }),
    )
    expect(quoted('team\u202e')).toBe(`$'team\\342\\200\\256'`)
    expect(quoted('a b')).toBe(`'a b'`)
    expect(quoted('team-a.b')).toBe('team-a.b')
  })
})

test('there is no command about an object whose name was cut or replaced, because another object may have that name', () => {
  for (const name of ['a'.repeat(300), 'a\ufffd'])
    expect(kubectlLine('delete', 'RoleBinding', name, 'payments')).toBe(
      '# No command: a name is too long, or is not valid text.',
    )
  expect(kubectlLine('delete', 'RoleBinding', 'a'.repeat(299), 'payments')).toContain(`rolebinding/${'a'.repeat(299)} `)
})
