import type { Configuration } from '#lib/adapters/policy/configuration'
import { currentPolicy } from '#lib/adapters/policy/current'

/** The identity provider, from the current configuration. */
export const identitySettings = (): Configuration['identity'] => currentPolicy().configuration.identity

/** Link-local and metadata addresses that the configuration allows Postern to call. */
export const addressExceptions = (): readonly string[] => currentPolicy().configuration.openAddresses ?? []

/** The scheme, host and port at which browsers reach Postern. */
export const publicOrigin = (): string => new URL(currentPolicy().configuration.publicUrl).origin

export const isPublicHttps = (): boolean => publicOrigin().startsWith('https:')
