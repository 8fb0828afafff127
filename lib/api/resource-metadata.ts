import { identitySettings, publicOrigin } from '#lib/adapters/auth/configuration'

/**
 * Where a program signs in for this API (RFC 9728): the identity provider, and the public client that `postern login`
 * uses there; without one in the configuration, people send tokens that they got elsewhere.
 */
export function resourceMetadata() {
  const { issuer, cli } = identitySettings()
  return {
    resource: publicOrigin(),
    resource_name: 'Postern',
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    ...(cli && {
      scopes_supported: cli.scopes,
      postern_cli: { client_id: cli.clientId, ...(cli.resource ? { resource: cli.resource } : {}) },
    }),
  }
}
