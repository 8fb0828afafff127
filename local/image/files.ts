import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

// Files of the image have one of two modes, whatever the umask of the machine that builds it.
const modeOf = (mode: number) => (mode & 0o111 ? 0o755 : 0o644)

/** Creates a folder and those above it that are missing. */
export function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  chmodSync(folder, 0o755)
}

export function writeText(file: string, text: string): void {
  makeFolder(dirname(file))
  writeFileSync(file, text)
  chmodSync(file, 0o644)
}

/** Copies a file, a link or a whole folder. Links stay links, so that nothing from outside the folder is copied. */
export function copy(from: string, to: string): void {
  const status = lstatSync(from)
  if (status.isSymbolicLink()) {
    makeFolder(dirname(to))
    symlinkSync(readlinkSync(from), to)
  } else if (status.isDirectory()) {
    makeFolder(to)
    // /tmp, in which every user may create files and delete only their own.
    if (status.mode & 0o1000) chmodSync(to, 0o1777)
    for (const name of readdirSync(from)) copy(join(from, name), join(to, name))
  } else {
    makeFolder(dirname(to))
    copyFileSync(from, to)
    chmodSync(to, modeOf(status.mode))
  }
}

/** The paths of all files in a folder, relative to it, sorted. Links, and what they lead to, are left out. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.isFile()) return [entry.name]
      return entry.isDirectory() ? filesIn(join(folder, entry.name)).map((file) => `${entry.name}/${file}`) : []
    })
    .sort()
}
