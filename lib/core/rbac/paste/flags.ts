// kubectl's flags: which take a value, so that a value is not taken for a name.

export type Arguments = {
  /** What is no flag, in order; the first is the command. */
  positional: string[]
  /** What stands behind `--`. */
  rest: string[]
  /** By long name; a flag that was given without a value has 'true'. The last one counts. */
  flags: Map<string, string>
}

// Everything else is taken for a switch. Short names first, where there are some.
const withValue = `namespace context cluster user as as-group as-uid as-user-extra kubeconfig server token
  request-timeout v vmodule cache-dir certificate-authority client-certificate client-key tls-server-name password
  username profile-output kuberc selector field-selector output container replicas current-replicas resource-version
  filename kustomize type patch patch-file subresource image to-revision revision port target-port name max min
  cpu-percent cpu memory tail since since-time limit-bytes max-log-requests pod-running-timeout template sort-by
  label-columns chunk-size for timeout grace-period field-manager from-literal from-file from-env-file from schedule
  target copy-to profile custom env limits requests verb resource resource-name role clusterrole serviceaccount group
  duration audience address retries raw types overrides override-type labels restart annotations protocol
  session-affinity external-ip load-balancer-ip cluster-ip pod-selector keys api-group bound-object-kind
  bound-object-name bound-object-uid set-image tcp node-port external-name hard scopes value
  description preemption-policy min-available max-unavailable class rule default-backend annotation
  skip-wait-for-delete-timeout
  docker-server docker-username docker-password docker-email cert key aggregation-rule non-resource-url
  prune-allowlist applyset output-directory image-pull-policy`
  .split(/\s+/)
  .filter((name) => name !== '')

const takesValue = new Set(withValue)

const shortNames: Record<string, string> = {
  n: 'namespace',
  s: 'server',
  v: 'v',
  l: 'selector',
  o: 'output',
  c: 'container',
  k: 'kustomize',
  L: 'label-columns',
  f: 'filename',
  p: 'patch',
  e: 'env',
  A: 'all-namespaces',
  w: 'watch',
  i: 'stdin',
  t: 'tty',
  R: 'recursive',
  q: 'quiet',
  h: 'help',
  r: 'containers',
}

// What a letter means to some commands only.
const special: Record<string, Record<string, string>> = {
  logs: { f: 'follow', p: 'previous' },
  attach: { p: 'pod' },
  debug: { p: 'profile' },
  events: { w: 'watch' },
}

/** The name behind a letter; the command is known by then, for kubectl's own flags have long names or one meaning. */
const longNameOf = (letter: string, command: string) => special[command]?.[letter] ?? shortNames[letter] ?? letter

/** Sorts a command line's words into flags and names. Unknown flags are taken for switches. */
export function readArguments(words: readonly string[]): Arguments {
  const positional: string[] = []
  const flags = new Map<string, string>()
  let n = 0
  const take = (given: string | undefined) => given ?? words[++n] ?? ''
  for (; n < words.length; n++) {
    const word = words[n] ?? ''
    if (word === '--') return { positional, rest: words.slice(n + 1), flags }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=')
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
      const given = equals < 0 ? undefined : word.slice(equals + 1)
      flags.set(name, takesValue.has(name) ? take(given) : (given ?? 'true'))
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at++) {
        const name = longNameOf(word[at] ?? '', positional[0] ?? '')
        if (takesValue.has(name)) {
          const given = word.slice(at + 1).replace(/^=/, '')
          flags.set(name, take(given === '' ? undefined : given))
          break
        }
        flags.set(name, 'true')
      }
    } else positional.push(word)
  }
  return { positional, rest: [], flags }
}
