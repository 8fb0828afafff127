// `npm run manifests` writes deploy/manifests/postern.yaml: the chart with the values beside it, for clusters without Helm.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import { say } from '#local/processes/steps'
import { ensureHelm } from '#local/programs/programs'
import { renderChart } from './helm.ts'

export const manifestsFile = join(checkout, 'deploy/manifests/postern.yaml')

const head = '# Rendered from deploy/chart with values.yaml by `npm run manifests`. Change those, not this file.\n'

export const renderManifests = (helm: string): string => `${head}${renderChart(helm)}`

if (import.meta.main) writeFileSync(manifestsFile, renderManifests(await ensureHelm(say)))
