// Risk family: paths of the API server that are no resource. Only a ClusterRoleBinding gives them, so no grant does; they are
// found in the ClusterRoles of manifests.
import { allowsPath } from '#lib/core/rbac/allows-path'
import type { PathRule } from '#lib/core/rbac/cluster-objects'
import { any, kep, type RiskEntry } from './entry.ts'

/**
 * One danger of paths. `methods` are HTTP methods in lower case, as RBAC has them for verbs; a path with a last `*` stands for
 * all that begin so.
 */
export type PathEntry = Pick<RiskEntry, 'id' | 'severity' | 'sentence' | 'outlives' | 'source' | 'includes'> & {
  methods: readonly [string, ...string[]] | typeof any
  paths: readonly string[]
  /** The least rule that shows it. */
  example: PathRule
}

const get = (...nonResourceURLs: string[]): PathRule => ({ verbs: ['get'], nonResourceURLs })
const ofServer = (file: string) => `staging/src/k8s.io/apiserver/pkg/${file}`

export const pathEntries: readonly PathEntry[] = [
  {
    id: 'reaches-every-path',
    severity: 'medium',
    sentence: 'Can call every path of the API server that is no resource: logs, profiles, and whatever is added later.',
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
    sentence:
      "Can read the files of /var/log on the API server's machine, where it serves them: audit logs among them.",
    outlives: null,
    source: 'pkg/routes/logs.go',
    methods: ['get'],
    paths: ['/logs', '/logs/*'],
    example: get('/logs/*'),
  },
  {
    id: 'profiles-control-plane',
    severity: 'medium',
    sentence: 'Can profile the API server, which slows it down for everybody, and see what it holds and is doing.',
    outlives: null,
    source: ofServer('server/routes/profiling.go'),
    methods: ['get', 'post'],
    paths: ['/debug/pprof', '/debug/pprof/*'],
    example: get('/debug/pprof/*'),
  },
  {
    id: 'changes-log-verbosity',
    severity: 'low',
    sentence: 'Can change how much the API server writes into its log.',
    outlives: 'the verbosity, until the API server starts anew',
    source: ofServer('server/routes/flags.go'),
    methods: ['put'],
    paths: ['/debug/flags/*'],
    example: { verbs: ['put'], nonResourceURLs: ['/debug/flags/v'] },
  },
  {
    id: 'reads-requests-in-flight',
    severity: 'low',
    sentence: 'Can see who is asking the API server for what at this moment.',
    outlives: null,
    source: 'https://kubernetes.io/docs/reference/debug-cluster/flow-control/',
    methods: ['get'],
    paths: ['/debug/api_priority_and_fairness/*'],
    example: get('/debug/api_priority_and_fairness/dump_requests'),
  },
  {
    id: 'reads-control-plane-metrics',
    severity: 'low',
    sentence: 'Can read the metrics of the API server: which resources, webhooks and clients there are, and how busy.',
    outlives: null,
    source: ofServer('server/routes/metrics.go'),
    methods: ['get'],
    paths: ['/metrics', '/metrics/*'],
    example: get('/metrics'),
  },
  {
    id: 'reads-component-configuration',
    severity: 'low',
    sentence: 'Can read with which flags and configuration a component of the control plane runs.',
    outlives: null,
    source: kep(4828),
    methods: ['get'],
    paths: ['/configz', '/flagz', '/statusz'],
    example: get('/flagz'),
  },
]

/** Without the stars at its end, and whether there were any: `/foo**` is `/foo*`. */
function prefixOf(pattern: string): string | null {
  let end = pattern.length
  while (end > 0 && pattern[end - 1] === '*') end--
  return end < pattern.length ? pattern.slice(0, end) : null
}

/** Does what the pattern of a rule names hold any path of the entry's? */
function touches(pattern: string, path: string): boolean {
  const asked = prefixOf(path)
  // Every path begins with `/`, so `/*` is all of them as `*` is.
  if (asked === '') return pattern === '*' || prefixOf(pattern) === '/' || prefixOf(pattern) === ''
  if (asked === null) return allowsPath([{ verbs: ['*'], nonResourceURLs: [pattern] }], '*', path)
  const named = prefixOf(pattern)
  return named === null ? pattern.startsWith(asked) : named.startsWith(asked) || asked.startsWith(named)
}

/** A rule that gives it, and the plainest words for how: the method, and the path as the rule has it. */
export type PathMatch = { rule: PathRule; how: string }

/** Every rule that gives it, by each path pattern that does; none where they do not. */
export function pathMatchesOf({ methods, paths }: PathEntry, rules: readonly PathRule[]): PathMatch[] {
  return rules.flatMap((rule) => {
    const { verbs, nonResourceURLs } = rule
    const method = methods === any ? verbs[0] : methods.find((one) => verbs.includes('*') || verbs.includes(one))
    if (method === undefined) return []
    return nonResourceURLs
      .filter((pattern) => paths.some((path) => touches(pattern, path)))
      .map((pattern) => ({ rule, how: `${method} ${pattern}` }))
  })
}
