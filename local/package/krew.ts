import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { stringify } from 'yaml'
import { readManifest } from './build.ts'
import { buildExecutables, type Executable, linuxPlatforms } from './executable.ts'
import { pack } from './pack.ts'

// The plugin of kubectl as krew installs it: an archive for each platform of Linux, and the manifest with their addresses and checksums.

const checkout = join(import.meta.dirname, '../..')

export type Archive = { architecture: Executable['architecture']; name: string; sha256: string }

/** Packs an executable with the licence. The same executable becomes the same bytes. */
export function makeArchive(
  { architecture, file }: Pick<Executable, 'architecture' | 'file'>,
  folder: string,
): Archive {
  const scratch = mkdtempSync(join(tmpdir(), 'postern-krew-'))
  try {
    const content = join(scratch, 'content')
    mkdirSync(content)
    copyFileSync(file, join(content, 'postern'))
    copyFileSync(join(checkout, 'LICENSE'), join(content, 'LICENSE'))
    // Whatever the umask of the machine that builds it.
    for (const [path, mode] of [
      ['', 0o755],
      ['postern', 0o755],
      ['LICENSE', 0o644],
    ] as const)
      chmodSync(join(content, path), mode)
    pack(content, join(scratch, 'archive'))
    const name = `${basename(file)}.tar.gz`
    const bytes = gzipSync(readFileSync(join(scratch, 'archive')))
    writeFileSync(join(folder, name), bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(folder, `${name}.sha256`), `${sha256}  ${name}\n`)
    return { architecture, name, sha256 }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** @param url where the archives will be, and what krew shows as the plugin's home page */
export function krewManifest(archives: readonly Archive[], url: { archives: string; homepage: string }): string {
  const { version } = readManifest()
  return stringify(
    {
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'postern' },
      spec: {
        version: `v${version}`,
        homepage: url.homepage,
        shortDescription: 'Request, approve and use temporary access',
        description:
          'When kubectl is forbidden to do something, this plugin requests exactly the missing access, waits for the approval, ' +
          'and runs the command again. Approvers decide with it too. It needs a Postern server.\n',
        caveats: 'Sign in first: kubectl postern login https://postern.example.com\n',
        platforms: archives.map(({ architecture, name, sha256 }) => ({
          selector: { matchLabels: { os: 'linux', arch: architecture } },
          uri: `${url.archives}/${name}`,
          sha256,
          bin: 'postern',
        })),
      },
    },
    { lineWidth: 0 },
  )
}

if (import.meta.main) {
  const [archives, homepage] = process.argv.slice(2)
  if (!archives || !homepage) {
    process.stderr.write('usage: node local/package/krew.ts URL_OF_ARCHIVES HOMEPAGE\n')
    process.exit(2)
  }
  const folder = join(checkout, '.postern/executables')
  const packed = (await buildExecutables(folder, linuxPlatforms)).map((executable) => makeArchive(executable, folder))
  writeFileSync(join(folder, 'postern.yaml'), krewManifest(packed, { archives, homepage }))
  process.stdout.write(`${join(folder, 'postern.yaml')}\n`)
}
