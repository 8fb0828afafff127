// The clients of the local identity provider, and what they name there.

/** The `aud` of access tokens for Postern's API. */
export const apiAudience = 'postern-api'

/** The resource indicator (RFC 8707, always a URI) of an access token for that audience. */
export const apiResource = `urn:postern:${apiAudience}`

/** `identity.cli` of postern.yaml: the public client of `postern login`. */
export const cliClient = { clientId: 'postern-cli', resource: apiResource }
