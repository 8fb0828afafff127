import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { run } from '../running.testing.ts'

const completed = (script: string, words: string[]) => {
  const list = words.map((word) => `'${word}'`).join(' ')
  const text = `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _postern; echo "\${COMPREPLY[*]}"`
  return execFileSync('bash', ['-c', text], { encoding: 'utf8' }).trim().split(' ').filter(Boolean)
}

test('bash completes commands, subcommands and options, and nothing of the command behind --', async () => {
  const { code, out } = await run(['completion', 'bash'])
  expect(code).toBe(0)
  expect(completed(out, ['postern', 're'])).toEqual(['request', 'release', 'review', 'revoke'])
  expect(completed(out, ['postern', 'policy', 're'])).toEqual(['replay'])
  expect(completed(out, ['postern', 'request', '--dry'])).toEqual(['--dry-run'])
  expect(completed(out, ['postern', 'run', '--', 'kubectl', '--re'])).toEqual([])
})

test('every shell gets a script with every command, and another shell is an error', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) expect((await run(['completion', shell])).out).toMatch(/\bkubeconfig\b/)
  expect((await run(['completion', 'csh'])).code).toBe(2)
})
