import { identitySettings, publicOrigin } from '#lib/adapters/auth/configuration'

const wellKnown = '/.well-known/oauth-protected-resource'

/** Where agents call the tools, below the public URL. It is a resource of its own (RFC 9728 §3). */
export const agentPath = '/api/mcp'

/** Where a program signs in for this API (RFC 9728): the identity provider, and what to request there. */
function metadataOf(resource: string) {
  const { issuer, cli } = identitySettings()
  return {
    resource,
    resource_name: 'Postern',
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
    ...(cli && { scopes_supported: cli.scopes }),
  }
}

/**
 * The metadata of the API. It also has the public client that `postern login` uses; without one in the configuration,
 * people send tokens that they got elsewhere.
 */
export function resourceMetadata() {
  const { cli } = identitySettings()
  const own = cli && { client_id: cli.clientId, ...(cli.resource ? { resource: cli.resource } : {}) }
  return { ...metadataOf(publicOrigin()), ...(own && { postern_cli: own }) }
}

/** The metadata of the tools of agents. An agent is a client of its own. */
export const agentMetadata = () => metadataOf(`${publicOrigin()}${agentPath}`)

export const agentMetadataUrl = (): string => `${publicOrigin()}${wellKnown}${agentPath}`
