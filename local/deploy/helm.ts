import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'

export const chart = join(checkout, 'deploy/chart')

/** The settings from which deploy/manifests/postern.yaml is rendered. */
export const exampleValues = join(checkout, 'deploy/manifests/values.yaml')

/** Arguments that switch on every part of the chart that is optional. */
export const everySetting = [
  ...[
    '--set',
    'monitoring.enabled=true',
    '--set-json',
    'secrets.optional=["POSTERN_METRICS_TOKEN","POSTERN_SLACK_TOKEN"]',
  ],
  ...['--set', 'ingress.enabled=true,ingress.host=postern.example.com,ingress.tlsSecret=postern-tls'],
  ...['--set', 'gateway.enabled=true', '--set-json', 'gateway.parentRefs=[{"name":"public"}]'],
  ...[
    '--set-json',
    'gateway.hostnames=["postern.example.com"]',
    '--set',
    'clusters.existingSecret=clusters,audit.existingSecret=audit',
  ],
  ...['--set', 'databaseCa.existingConfigMap=database-ca,extraCa.existingConfigMap=extra-ca'],
  ...['--set-json', 'rbac.podNamespaces=["payments"]', '--set-json', 'calendars={"holidays.ics":"BEGIN:VCALENDAR"}'],
  ...['--set-json', 'networkPolicy.metricsFrom=[{"namespaceSelector":{"matchLabels":{"a":"b"}}}]'],
  ...['--set-json', 'networkPolicy.webFrom=[{"namespaceSelector":{"matchLabels":{"a":"c"}}}]'],
  ...['--set', 'tokenReview.enabled=true,tokenReview.host=review.example.com,tokenReview.tlsSecret=review-tls'],
  ...['--set-json', 'networkPolicy.tokenReviewFrom=[{"namespaceSelector":{"matchLabels":{"a":"d"}}}]'],
  ...['--set-json', 'networkPolicy.database.to=[{"ipBlock":{"cidr":"10.0.0.5/32"}}]'],
]

/** Runs Helm with folders of its own, so that nothing of the user's Helm is read or changed. @throws with its message */
export function runHelm(program: string, args: readonly string[]): string {
  const home = mkdtempSync(join(tmpdir(), 'postern-helm-'))
  const own = { HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home, KUBECONFIG: '' }
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, ...own },
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** The chart's objects as YAML. @param settings further arguments, such as `--set` */
export const renderChart = (program: string, ...settings: string[]): string =>
  runHelm(program, [
    'template',
    'postern',
    chart,
    '--namespace',
    'postern-system',
    '--values',
    exampleValues,
    ...settings,
  ])
