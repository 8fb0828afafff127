import { expect, test } from 'vitest'
import { commands } from '../../cli/commands.ts'
import { cliReference } from './cli-reference.ts'

test('docs/cli.md has the help of every command of the program', async () => {
  await expect(await cliReference()).toMatchFileSnapshot('../../docs/cli.md')
})

test('the list of commands describes each of them as its own help does', async () => {
  const terminal = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} }
  for (const { name, summary, load } of commands) {
    const command = (await load())(terminal, null)
    expect([command.name(), command.description()]).toEqual([name, summary])
  }
})
