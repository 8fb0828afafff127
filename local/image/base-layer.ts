import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianObstacle, packageFolder } from '#local/programs/debian'
import { copy, makeFolder, writeText } from './files.ts'
import type { Platform } from './platforms.ts'

// The lowest layer: the C libraries that Node.js links to, and what programs expect of any system. No shell, no package
// manager, no certificates (Node.js has its own) and no program other than the dynamic linker.

/** The user of the image, `nonroot`, as other images without a shell number it. */
export const userId = 65532

/** Each provides some libraries, except base-files, which names the release for scanners. */
const packages = ['libc6', 'libgcc-s1', 'libstdc++6', 'base-files']

/** Shared libraries, without the converters of character sets and the tools for profiling, which are folders. */
const isLibrary = (name: string) => /\.so(\.|$)/.test(name)

export type DebianPackage = { name: string; version: string; architecture: string }

/** Why this machine can't make the layer; undefined if it can. */
export const baseLayerObstacle = (): string | undefined => {
  const obstacle = debianObstacle()
  return obstacle && `the base layer is made of Debian packages, and ${obstacle}; use deploy/image/Dockerfile`
}

/** Downloads the packages, and returns their archives. */
function download(platform: Platform, folder: string): string[] {
  const packageArchives = packageFolder(folder, platform.architecture)
  packageArchives.download(...packages)
  // The licence of the compiler's libraries is in a package that is named after its release.
  const compiler = packageArchives
    .archives()
    .map((archive) => fieldOf(controlOf(archive), 'Depends').match(/\bgcc-\d+-base\b/)?.[0])
    .find((name) => name !== undefined)
  if (compiler) packageArchives.download(compiler)
  return packageArchives.archives()
}

const controlOf = (archive: string) => execFileSync('dpkg-deb', ['--field', archive], { encoding: 'utf8' })
const fieldOf = (control: string, name: string) => control.match(new RegExp(`^${name}: (.+)$`, 'm'))?.[1] ?? ''

function copyLicence(unpacked: string, to: string, name: string): void {
  const documents = join('usr/share/doc', name)
  const path = lstatSync(join(unpacked, documents)).isSymbolicLink() ? documents : join(documents, 'copyright')
  copy(join(unpacked, path), join(to, path))
}

/** Libraries are in /lib or in /usr/lib, depending on the release of Debian; the image has them in /usr/lib. */
function copyLibraries(unpacked: string, to: string, { libraries }: Platform): void {
  for (const folder of [join(unpacked, 'lib', libraries), join(unpacked, 'usr/lib', libraries)]) {
    if (!existsSync(folder)) continue
    for (const entry of readdirSync(folder, { withFileTypes: true }).filter(({ name }) => isLibrary(name)))
      if (!entry.isDirectory()) copy(join(folder, entry.name), join(to, 'usr/lib', libraries, entry.name))
  }
}

/** Makes the layer in `to`, an empty folder, and returns its packages. */
export function makeBaseLayer(platform: Platform, to: string): DebianPackage[] {
  const folder = mkdtempSync(join(tmpdir(), 'postern-base-'))
  try {
    const unpacked = join(folder, 'unpacked')
    const found = download(platform, folder).map((archive) => {
      execFileSync('dpkg-deb', ['--extract', archive, unpacked])
      const control = controlOf(archive)
      const name = fieldOf(control, 'Package')
      // Where scanners look for the packages of an image without a package manager.
      writeText(join(to, 'var/lib/dpkg/status.d', name), control)
      copyLicence(unpacked, to, name)
      return { name, version: fieldOf(control, 'Version'), architecture: fieldOf(control, 'Architecture') }
    })
    copyLibraries(unpacked, to, platform)
    copy(join(unpacked, 'usr/lib/os-release'), join(to, 'usr/lib/os-release'))
    const links = {
      lib: 'usr/lib',
      lib64: 'usr/lib64',
      bin: 'usr/bin',
      'etc/os-release': '../usr/lib/os-release',
      [`usr/${platform.linker.folder}/${platform.linker.name}`]: `${platform.linker.folder === 'lib' ? '' : '../lib/'}${platform.libraries}/${platform.linker.name}`,
    }
    for (const folder of ['etc', 'usr/lib64', 'usr/bin', 'proc', 'dev', 'sys']) makeFolder(join(to, folder))
    for (const [path, target] of Object.entries(links)) symlinkSync(target, join(to, path))
    const account = (id: number, name: string) => `${name}:x:${id}:${id}:${name}:/:/sbin/nologin\n`
    writeText(join(to, 'etc/passwd'), `${account(0, 'root')}${account(userId, 'nonroot')}`)
    writeText(join(to, 'etc/group'), `root:x:0:\nnonroot:x:${userId}:\n`)
    writeText(join(to, 'etc/nsswitch.conf'), 'hosts: files dns\n')
    makeFolder(join(to, 'tmp'))
    chmodSync(join(to, 'tmp'), 0o1777)
    return found.sort((one, other) => one.name.localeCompare(other.name, 'en'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
