// How an API server identifies people: an AuthenticationConfiguration (apiserver.config.k8s.io/v1, Kubernetes 1.34 or newer)
// for the provider of postern.yaml, or with the meaning of --oidc-* flags.
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import type { Configuration } from '#lib/adapters/policy/configuration'
import { targetClusters } from '../check/clusters.ts'
import { fileErrorMessage } from '../file-error.ts'
import { UsageError } from '../usage-error.ts'

type Mapping = { claim: string; prefix: string } | { expression: string }
type Authenticator = {
  issuer: { url: string; audiences: string[]; audienceMatchPolicy?: 'MatchAny'; certificateAuthority?: string }
  claimMappings: { username: Mapping; groups?: Mapping }
  claimValidationRules?: Array<{ expression: string; message: string } | { claim: string; requiredValue: string }>
  userValidationRules?: Array<{ expression: string; message: string }>
}

/** Anyone may read whether the server is up, and nothing else without a credential. */
const anonymous = { enabled: true, conditions: ['/livez', '/readyz', '/healthz'].map((path) => ({ path })) }

/** The names of Kubernetes' own identities begin with system:, and no provider may give one to a person. */
const notReserved = [
  { expression: "!user.username.startsWith('system:')", message: 'the user name must not begin with system:' },
  {
    expression: "user.groups.all(group, !group.startsWith('system:'))",
    message: 'no group may begin with system:',
  },
]

function yamlOf(jwt: Authenticator, comments: readonly string[]): string {
  const file = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt: [jwt], anonymous }
  return `${comments.map((line) => `# ${line}\n`).join('')}${stringify(file, { lineWidth: 0 })}`
}

function pemIn(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(`${path}: ${fileErrorMessage(error)}`)
  }
}

const isIdentifier = (text: string): boolean =>
  text !== '' && [...text].every((sign, at) => sign === '_' || isLetter(sign) || (at > 0 && sign >= '0' && sign <= '9'))
const isLetter = (sign: string) => (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z')

/** A claim by its name, or by a path such as realm_access.roles. */
function groupsMapping(claim: string, prefix: string): Mapping {
  const parts = claim.split('.')
  if (parts.length === 1 || !parts.every(isIdentifier)) return { claim, prefix }
  return { expression: `claims.${claim}.map(group, ${JSON.stringify(prefix)} + group)` }
}

export type AuthenticationOptions = {
  cluster: string | undefined
  audiences: readonly string[]
  caFile: string | undefined
}

/**
 * The AuthenticationConfiguration for the provider and the `people` of one cluster of postern.yaml.
 * @throws UsageError if it is not clear which cluster is meant, or how it identifies people
 */
export function authenticationYaml(
  { identity, clusters }: Configuration,
  { cluster: name, audiences, caFile }: AuthenticationOptions,
): string {
  const [cluster, ...others] = targetClusters(clusters, name === undefined ? [] : [name], {})
  if (!cluster || others.length > 0)
    throw new UsageError(`The policy has ${clusters.length} clusters. Choose one with --cluster.`)
  const people = clusters.find((one) => one.name === cluster.name)?.people
  if (!people)
    throw new UsageError(`${cluster.name} has no people in the policy. Add people: { username: email }, for example.`)
  if (!identity.issuer.startsWith('https://'))
    throw new UsageError('An API server accepts only a provider at an https:// address.')
  if (audiences.length === 0)
    throw new UsageError('Name the client of the provider that kubectl signs in with: --audience <client ID>.')
  const own = [identity.clientId, identity.apiAudience]
  const shared = audiences.find((audience) => own.includes(audience))
  // Whoever holds tokens for Postern could otherwise act as their owners in the cluster.
  if (shared !== undefined)
    throw new UsageError(`${shared} is the audience of Postern itself. Use a client of its own for kubectl.`)
  const { username, usernamePrefix, groupsPrefix } = people
  const isEmail = username === 'email'
  const jwt: Authenticator = {
    issuer: {
      ...{ url: identity.issuer, audiences: [...audiences] },
      ...(audiences.length > 1 ? { audienceMatchPolicy: 'MatchAny' as const } : {}),
      ...(caFile === undefined ? {} : { certificateAuthority: pemIn(caFile) }),
    },
    claimMappings: {
      username: { claim: isEmail ? 'email' : identity.subjectClaim, prefix: usernamePrefix },
      groups: groupsMapping(identity.groupsClaim, groupsPrefix),
    },
    ...(isEmail
      ? {
          claimValidationRules: [
            {
              expression: 'claims.?email_verified.orValue(false) == true',
              message: 'the e-mail address must be verified',
            },
          ],
        }
      : {}),
    userValidationRules: notReserved,
  }
  return yamlOf(jwt, [
    `How the API server of ${cluster.name} identifies people. Written by postern cluster authentication.`,
    'Start it with --authentication-config=<this file>, and without --anonymous-auth and --oidc-* flags.',
  ])
}

const known = new Set(
  ['issuer-url', 'client-id', 'username-claim', 'username-prefix', 'groups-claim', 'groups-prefix'].map(
    (name) => `oidc-${name}`,
  ),
)

/** `--name=value` or `--name value`, also repeated. */
function readFlags(words: readonly string[]): Map<string, string[]> {
  const flags = new Map<string, string[]>()
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name = '', ...parts] = word.startsWith('--') ? word.slice(2).split('=') : []
    if (!known.has(name) && !['oidc-required-claim', 'oidc-ca-file', 'oidc-signing-algs'].includes(name))
      throw new UsageError(`${word} is not an --oidc-* flag of the API server.`)
    const value = parts.length > 0 ? parts.join('=') : rest.shift()
    if (value === undefined) throw new UsageError(`--${name} needs a value.`)
    flags.set(name, [...(flags.get(name) ?? []), value])
  }
  return flags
}

/**
 * The AuthenticationConfiguration with the meaning of these flags.
 * @throws UsageError for other flags, or without an issuer and a client
 */
export function authenticationFromFlags(words: readonly string[]): string {
  const flags = readFlags(words)
  const last = (name: string) => flags.get(name)?.at(-1)
  const url = last('oidc-issuer-url')
  const client = last('oidc-client-id')
  if (!url || !client) throw new UsageError('--oidc-issuer-url and --oidc-client-id are needed.')
  const usernameClaim = last('oidc-username-claim') ?? 'sub'
  const groupsClaim = last('oidc-groups-claim')
  const caFile = last('oidc-ca-file')
  // The API server adds the issuer to every name but an e-mail address, unless the prefix is "-".
  const usernamePrefix = last('oidc-username-prefix') ?? (usernameClaim === 'email' ? '' : `${url}#`)
  const required = (flags.get('oidc-required-claim') ?? [])
    .flatMap((value) => value.split(','))
    .map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new UsageError(`--oidc-required-claim must be claim=value, not ${pair}.`)
      return { claim: pair.slice(0, at), requiredValue: pair.slice(at + 1) }
    })
  const jwt: Authenticator = {
    issuer: {
      ...{ url, audiences: [client] },
      ...(caFile === undefined ? {} : { certificateAuthority: pemIn(caFile) }),
    },
    claimMappings: {
      username: { claim: usernameClaim, prefix: usernamePrefix === '-' ? '' : usernamePrefix },
      ...(groupsClaim === undefined
        ? {}
        : { groups: { claim: groupsClaim, prefix: last('oidc-groups-prefix') ?? '' } }),
    },
    ...(required.length > 0 ? { claimValidationRules: required } : {}),
    userValidationRules: notReserved,
  }
  return yamlOf(jwt, [
    'The same as the --oidc-* flags. Written by postern cluster authentication.',
    'Two things are new: names that begin with system: are refused, and anonymous calls reach only health checks.',
    ...(flags.has('oidc-signing-algs')
      ? ['--oidc-signing-algs has no counterpart: every asymmetric algorithm of RFC 7518 is accepted.']
      : []),
  ])
}
