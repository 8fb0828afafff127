import { localPeople } from '#local/parts/identity-people'
import { say } from '#local/processes/steps'

type Facts = {
  url: string
  mail: string
  cluster: { kubeconfig: string; context: string }
  kubectl: string
  logs: string
}

const roles: Record<string, string> = {
  'payments-dev': 'engineer, payments',
  'search-dev': 'engineer, search',
  'payments-leads': 'lead, approves for payments',
  sre: 'on-call lead, approves for search and secrets',
  'security-audit': 'auditor, reads everything',
  'platform-admins': 'administrator',
}

const aboutLocalPods =
  'kubectl logs works. kubectl exec does not, on purpose: no node is real here, so it would run on this machine.'
const aboutOwnPods = 'The Deployments in your cluster have no replicas, because their images do not exist.'

/** Prints where to sign in, as whom, and what to try. */
export function printInstructions({ url, mail, cluster, kubectl, logs }: Facts, isOwnCluster: boolean) {
  const people = [...localPeople].map(
    ([key, { name, groups }]) =>
      `  ${key.padEnd(7)}${name.padEnd(18)}${groups.map((group) => roles[group] ?? group).join('; ')}`,
  )
  say(
    [
      `Sign in:  ${url}   (one click at the identity provider, no password)`,
      `Mails:    ${mail}   (to everyone; none leaves this machine)`,
      '',
      ...people,
      '',
      'A token for the API, from a real sign-in:',
      `  curl -H "Authorization: Bearer $(npm run -s token -- mina)" ${url}/api/v1/me`,
      'The cluster, as its administrator:',
      `  ${kubectl} --kubeconfig ${cluster.kubeconfig} --context ${cluster.context} get pods -A`,
      '',
      isOwnCluster ? aboutOwnPods : aboutLocalPods,
      `Logs: ${logs}. Details: .postern/demo.json. Ctrl-C stops everything.`,
    ].join('\n'),
  )
}
