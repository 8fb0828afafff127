// Risk family: paths of the API server that are not resources. Only a ClusterRoleBinding can grant them, so no grant of
// Postern does; `postern check` finds them in the ClusterRoles of manifests.
import { allowsPath } from '#lib/core/rbac/allows-path'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { any, kep, type RiskEntry } from './entry.ts'

/**
 * One risk of paths. `methods` are HTTP methods in lower case, which RBAC uses as verbs. A trailing `*` in a path matches
 * everything that begins with it.
 */
export type PathEntry = Pick<RiskEntry, 'id' | 'severity' | 'sentence' | 'outlives' | 'source' | 'includes'> & {
  methods: readonly [string, ...string[]] | typeof any
  paths: readonly string[]
  /** The smallest rule with this risk. */
  example: PathRule
}

const get = (...nonResourceURLs: string[]): PathRule => ({ verbs: ['get'], nonResourceURLs })
const ofServer = (file: string) => `staging/src/k8s.io/apiserver/pkg/${file}`

export const pathEntries: readonly PathEntry[] = [
  {
    id: 'reaches-every-path',
    severity: 'medium',
    sentence: 'Can call every API server path that is not a resource: logs, profiles and anything added later.',
    outlives: null,
    source: 'pkg/apis/rbac/v1/evaluation_helpers.go',
    methods: any,
    paths: ['*'],
    includes: [
      'reads-control-plane-logs',
      'profiles-control-plane',
      'changes-log-verbosity',
      'reads-requests-in-flight',
      'reads-control-plane-metrics',
      'reads-component-configuration',
    ],
    example: { verbs: ['get'], nonResourceURLs: ['*'] },
  },
  {
    id: 'reads-control-plane-logs',
    severity: 'medium',
    sentence: "Can read files in /var/log on the API server's machine, including audit logs, where it serves them.",
    outlives: null,
    source: 'pkg/routes/logs.go',
    methods: ['get'],
    paths: ['/logs', '/logs/*'],
    example: get('/logs/*'),
  },
  {
    id: 'profiles-control-plane',
    severity: 'medium',
    sentence: 'Can profile the API server, which slows it down for everyone and reveals what it is working on.',
    outlives: null,
    source: ofServer('server/routes/profiling.go'),
    methods: ['get', 'post'],
    paths: ['/debug/pprof', '/debug/pprof/*'],
    example: get('/debug/pprof/*'),
  },
  {
    id: 'changes-log-verbosity',
    severity: 'low',
    sentence: 'Can change how much the API server logs.',
    outlives: 'the log verbosity, until the API server restarts',
    source: ofServer('server/routes/flags.go'),
    methods: ['put'],
    paths: ['/debug/flags/*'],
    example: { verbs: ['put'], nonResourceURLs: ['/debug/flags/v'] },
  },
  {
    id: 'reads-requests-in-flight',
    severity: 'low',
    sentence: 'Can see which clients are sending which requests to the API server right now.',
    outlives: null,
    source: 'https://kubernetes.io/docs/reference/debug-cluster/flow-control/',
    methods: ['get'],
    paths: ['/debug/api_priority_and_fairness/*'],
    example: get('/debug/api_priority_and_fairness/dump_requests'),
  },
  {
    id: 'reads-control-plane-metrics',
    severity: 'low',
    sentence: 'Can read API server metrics: which resources, webhooks and clients exist, and how busy they are.',
    outlives: null,
    source: ofServer('server/routes/metrics.go'),
    methods: ['get'],
    paths: ['/metrics', '/metrics/*'],
    example: get('/metrics'),
  },
  {
    id: 'reads-component-configuration',
    severity: 'low',
    sentence: 'Can read the flags and configuration of a control plane component.',
    outlives: null,
    source: kep(4828),
    methods: ['get'],
    paths: ['/configz', '/flagz', '/statusz'],
    example: get('/flagz'),
  },
]

/** The pattern without its trailing stars; null where it has none. `/foo**` is the same as `/foo*`. */
function prefixOf(pattern: string): string | null {
  let end = pattern.length
  while (end > 0 && pattern[end - 1] === '*') end--
  return end < pattern.length ? pattern.slice(0, end) : null
}

/** Does the pattern of a rule match any of the paths that an entry's path stands for? */
function overlaps(pattern: string, path: string): boolean {
  const prefix = prefixOf(path)
  // Every path begins with `/`, so `/*` matches the same paths as `*`.
  if (prefix === '') return pattern === '*' || prefixOf(pattern) === '/' || prefixOf(pattern) === ''
  if (prefix === null) return allowsPath([{ verbs: ['*'], nonResourceURLs: [pattern] }], '*', path)
  const named = prefixOf(pattern)
  return named === null ? pattern.startsWith(prefix) : named.startsWith(prefix) || prefix.startsWith(named)
}

/** A rule with the risk, and how: the method, and the path as the rule writes it. */
export type PathMatch = { rule: PathRule; how: string }

/** Every rule with the risk, once for each of its patterns that has it. */
export function pathMatchesOf({ methods, paths }: PathEntry, rules: readonly PathRule[]): PathMatch[] {
  return rules.flatMap((rule) => {
    const { verbs, nonResourceURLs } = rule
    const method = methods === any ? verbs[0] : methods.find((one) => verbs.includes('*') || verbs.includes(one))
    if (method === undefined) return []
    return nonResourceURLs
      .filter((pattern) => paths.some((path) => overlaps(pattern, path)))
      .map((pattern) => ({ rule, how: `${method} ${pattern}` }))
  })
}
