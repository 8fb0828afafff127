import type { Configuration } from '#lib/adapters/policy/configuration'
import { currentPolicy } from '#lib/adapters/policy/current'

/** Where Postern stands and who vouches for people, as the configuration in force says it. */
export const identitySettings = (): Configuration['identity'] => currentPolicy().configuration.identity

/** Link-local and metadata addresses that may be called all the same. */
export const openedAddresses = (): readonly string[] => currentPolicy().configuration.openAddresses ?? []

/** Scheme, host and port under which browsers reach Postern. */
export const publicOrigin = (): string => new URL(currentPolicy().configuration.publicUrl).origin

export const isPublicHttps = (): boolean => publicOrigin().startsWith('https:')
