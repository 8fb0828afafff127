import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Rolldown } from 'vite'
import type { NodePackage } from './node-package.ts'

// The npm package of the command: every library is in its files, but for an optional one. Node.js 20 or newer runs it.

const checkout = join(import.meta.dirname, '../..')

/** NB: Node.js keeps compiled code only of files that are loaded after this, so the program is a file of its own. */
const launcher = `#!/usr/bin/env node
import module from 'node:module'
module.enableCompileCache?.()
await import('./postern.js')
`

/** The only library outside of the bundle: a native one, which the program can do without. */
const keyring = '@napi-rs/keyring'

/** Files that commands read (cli/package-file.ts). */
export const data = ['deploy/rbac.yaml']

type Manifest = Record<'version' | 'description' | 'license', string> & {
  engines: { node: string }
  optionalDependencies: Record<NodePackage | typeof keyring, string>
}

export const readManifest = () => JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as Manifest

type Bundle = {
  entry: 'cli/packaged.ts' | 'cli/executable.ts'
  target: 'node20' | 'node24'
  folder: string
  output: Rolldown.OutputOptions
}

/** Writes the program with everything that it imports to a folder, and keeps what is there. */
export async function bundle({ entry, target, folder, output }: Bundle): Promise<void> {
  await build({
    configFile: false,
    root: checkout,
    logLevel: 'warn',
    publicDir: false,
    ssr: { noExternal: true, external: [keyring] },
    build: {
      ssr: join(checkout, entry),
      target,
      outDir: folder,
      emptyOutDir: false,
      minify: true,
      rolldownOptions: { output: { ...output, strictExecutionOrder: true } },
    },
  })
}

/** Builds the package into an empty folder, where `npm pack` and `npm publish` find it. */
export async function buildPackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // A file for each command and what commands share: Node.js reads only those of the command that runs.
  const output = { entryFileNames: 'postern.js', chunkFileNames: 'chunks/[name].js' }
  await bundle({ entry: 'cli/packaged.ts', target: 'node20', folder, output })
  const { version, description, license, engines, optionalDependencies } = readManifest()
  const manifest = {
    ...{ name: 'postern', version, description, license, engines, type: 'module' },
    bin: { postern: 'launcher.js', 'kubectl-postern': 'launcher.js', 'kubectl_complete-postern': 'launcher.js' },
    optionalDependencies: { [keyring]: optionalDependencies[keyring] },
    files: ['launcher.js', 'postern.js', 'chunks', ...data],
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(join(folder, 'launcher.js'), launcher, { mode: 0o755 })
  mkdirSync(join(folder, 'deploy'))
  for (const name of ['LICENSE', ...data]) writeFileSync(join(folder, name), readFileSync(join(checkout, name)))
  writeFileSync(join(folder, 'README.md'), readFileSync(join(checkout, 'docs/cli.md')))
}

if (import.meta.main) {
  const folder = join(checkout, '.postern/package')
  await buildPackage(folder)
  process.stdout.write(`${folder}\n`)
}
