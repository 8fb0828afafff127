import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { hasPseudoTerminals, onTerminal } from '#testing/pseudo-terminal'
import { run } from '../running.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'postern-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The script of a shell, in a file. */
async function scriptFor(shell: string): Promise<string> {
  const { code, out } = await run(['completion', shell])
  expect(code).toBe(0)
  const file = join(folder, shell)
  writeFileSync(file, out)
  return file
}

const has = (program: string) => spawnSync('which', [program]).status === 0
const hasFish = has('fish')
const hasZsh = has('zsh') && hasPseudoTerminals
for (const [shell, isThere] of [
  ['fish', hasFish],
  ['zsh', hasZsh],
] as const)
  if (!isThere) process.stderr.write(`NOT CHECKED: the completion of ${shell}, which is not installed\n`)

const completedByBash = (script: string, words: string[]) => {
  const list = words.map((word) => `'${word}'`).join(' ')
  const text = `source ${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _postern; echo "\${COMPREPLY[*]}"`
  return execFileSync('bash', ['-c', text], { encoding: 'utf8' }).trim().split(' ').filter(Boolean)
}

test('bash completes commands, subcommands and options, and nothing of the command behind --', async () => {
  const script = await scriptFor('bash')
  expect(completedByBash(script, ['postern', 're'])).toEqual(['request', 'release', 'review', 'revoke'])
  expect(completedByBash(script, ['postern', 'policy', 're'])).toEqual(['replay'])
  expect(completedByBash(script, ['postern', 'request', '--dry'])).toEqual(['--dry-run'])
  expect(completedByBash(script, ['postern', 'run', '--', 'kubectl', '--re'])).toEqual([])
})

/** What fish offers for a command line, without the descriptions. */
const completedByFish = (script: string, commandLine: string) =>
  execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete --do-complete $argv[2]', script, commandLine], {
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
    cwd: folder,
  })
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')
    .filter(Boolean)
    .sort()

test.runIf(hasFish)(
  'fish completes commands, subcommands and options, and nothing of the command behind --',
  async () => {
    const script = await scriptFor('fish')
    expect(completedByFish(script, 'postern re')).toEqual(['release', 'request', 'review', 'revoke'])
    expect(completedByFish(script, 'postern policy re')).toEqual(['replay'])
    expect(completedByFish(script, 'postern request --dry')).toEqual(['--dry-run'])
    expect(completedByFish(script, 'postern request re')).toEqual([])
    expect(completedByFish(script, 'postern run -- kubectl --re')).toEqual([])
  },
)

test.runIf(hasZsh)(
  'zsh completes commands, subcommands and options on Tab, and nothing of the command behind --',
  async () => {
    const script = await scriptFor('zsh')
    const prompt = '$ '
    const zsh = await onTerminal('zsh', ['-f', '-i'], { HOME: folder, PS1: prompt })
    zsh.type(`autoload -U compinit && compinit -u -D; source ${script}; cd ${folder}; clear\n`)
    await zsh.shows((rows) => rows[0] === prompt.trim())
    const completes = async (typed: string, shown: Parameters<typeof zsh.shows>[0]) => {
      zsh.type(`${typed}\t\t`)
      await zsh.shows(shown)
      // Ctrl-U empties the line, and Ctrl-L the screen.
      zsh.type('\x15\x0c')
      await zsh.shows((rows) => rows[0] === prompt.trim() && rows.slice(1).every((row) => row === ''))
    }
    await completes('postern re', (rows) =>
      ['release', 'request', 'review', 'revoke'].every((name, index) => rows[index + 1]?.startsWith(`${name} `)),
    )
    await completes('postern policy re', '$ postern policy replay')
    await completes('postern request --dry', '$ postern request --dry-run')
    // The letter behind the Tab shows that the Tab was handled.
    zsh.type('postern run -- kubectl --re\tX')
    await zsh.shows(/^\$ postern run -- kubectl --re.*X/)
    expect((await zsh.screen())[0]).toBe('$ postern run -- kubectl --reX')
    zsh.type('\x15')
    zsh.type('exit\n')
    await zsh.ended
  },
)

/** What kubectl gets for the words behind `kubectl postern`. */
async function completedForKubectl(...words: string[]): Promise<string[]> {
  const link = join(folder, 'kubectl_complete-postern')
  if (!existsSync(link)) symlinkSync(fileURLToPath(new URL('../postern.mjs', import.meta.url)), link)
  const { stdout } = await promisify(execFile)(process.execPath, [link, ...words])
  return stdout.trimEnd().split('\n')
}

test('kubectl gets commands with their descriptions, subcommands and options, and nothing of the command behind --', async () => {
  expect(await completedForKubectl('re')).toEqual([
    expect.stringMatching(/^request\tRequest access/),
    expect.stringMatching(/^release\t/),
    expect.stringMatching(/^review\t/),
    expect.stringMatching(/^revoke\t/),
    ':4',
  ])
  expect((await completedForKubectl('')).length).toBeGreaterThan(20)
  expect(await completedForKubectl('policy', 're')).toEqual(['replay', ':0'])
  expect(await completedForKubectl('request', 'payments-restart', '--dry')).toEqual(['--dry-run', ':0'])
  expect(await completedForKubectl('request', '--', 'kubectl', '--re')).toEqual([':0'])
  expect(await completedForKubectl('absent', '')).toEqual([':0'])
})

test('every shell gets a script with every command, and another shell is an error', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) expect((await run(['completion', shell])).out).toMatch(/\bkubeconfig\b/)
  expect((await run(['completion', 'csh'])).code).toBe(2)
})
