// Which files and directories are not checked: patterns in the syntax of .gitignore, from `--exclude` and .posternignore.
import { readFile } from 'node:fs/promises'
import { join, matchesGlob, relative, sep } from 'node:path'

export const ignoreFile = '.posternignore'

type Pattern = { glob: string; isNegated: boolean; isForDirectories: boolean }
/** Patterns and the directory that they are relative to. */
export type Exclusions = { base: string; patterns: readonly Pattern[] }

/** Null for a blank line or a comment. */
function patternOf(line: string): Pattern | null {
  const text = line.trim()
  if (text === '' || text.startsWith('#')) return null
  const isNegated = text.startsWith('!')
  const isForDirectories = text.endsWith('/')
  const path = text.slice(isNegated ? 1 : 0, isForDirectories ? -1 : undefined)
  // Without a slash, a pattern matches at any depth.
  const glob = path.includes('/') ? path.replace(/^\//, '') : `**/${path}`
  return { glob, isNegated, isForDirectories }
}

export const exclusionsOf = (base: string, lines: readonly string[]): Exclusions => ({
  base,
  patterns: lines.flatMap((line) => patternOf(line) ?? []),
})

/** The patterns of a .posternignore in this directory; null if there is none. */
export async function readIgnoreFile(directory: string): Promise<Exclusions | null> {
  try {
    return exclusionsOf(directory, (await readFile(join(directory, ignoreFile), 'utf8')).split('\n'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The last pattern that matches decides, as in git. */
export function isExcluded(path: string, isDirectory: boolean, all: readonly Exclusions[]): boolean {
  let excluded = false
  for (const { base, patterns } of all) {
    const inside = relative(base, path).split(sep).join('/')
    for (const { glob, isNegated, isForDirectories } of patterns) {
      if ((isDirectory || !isForDirectories) && matchesGlob(inside, glob)) excluded = !isNegated
    }
  }
  return excluded
}
