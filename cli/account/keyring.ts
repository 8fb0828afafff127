// The keyring of the system: the Keychain of macOS, the Credential Manager of Windows, or a Secret Service of Linux.
import { isExecutable } from '../package-file.ts'
import type { Terminal } from '../terminal.ts'

export type Keyring = {
  get(): Promise<string | null>
  set(secret: string): Promise<void>
  delete(): Promise<void>
}

/** A keyring that can't be used; the message says why. */
export class NoKeyring extends Error {}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')

/**
 * An entry of Postern's, by its name. A locked keyring asks the person to unlock it, for as long as that takes.
 * @throws NoKeyring, also from its functions
 */
export async function keyringEntry({ POSTERN_KEYRING }: Terminal['env'], name: string): Promise<Keyring> {
  if (POSTERN_KEYRING === 'off') throw new NoKeyring('POSTERN_KEYRING is off')
  if (isExecutable()) throw new NoKeyring('a single executable has no library for it')
  // An optional native package: there is none for every platform.
  const library = await import('@napi-rs/keyring').catch(() => null)
  if (!library) throw new NoKeyring('the package @napi-rs/keyring is not installed')
  const { AsyncEntry } = library
  const within = async <T>(work: (entry: InstanceType<typeof AsyncEntry>) => Promise<T>) => {
    try {
      // NB: without this, the library would silently use the kernel's keyring on Linux, which a restart empties.
      return await work(new AsyncEntry('postern', name, { linux: { store: 'secret-service' } }))
    } catch (error) {
      throw new NoKeyring(reasonOf(error))
    }
  }
  return {
    get: () => within((entry) => entry.getPassword()),
    set: (secret) => within((entry) => entry.setPassword(secret)),
    delete: async () => {
      await within((entry) => entry.deleteCredential())
    },
  }
}
