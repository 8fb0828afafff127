// Evaluates the guardrails of a policy for an object of a manifest, in every cluster that it may be applied to.
import { normalizeRules } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { judgeManifest, type ManifestFacts, type ManifestVerdict } from '#lib/core/guardrails/configured/judge-manifest'
import type { GuardrailJudge } from './finding.ts'

const severityOf: Record<ManifestVerdict['kind'], Severity> = {
  violation: 'high',
  warning: 'low',
  condition: 'low',
  inconclusive: 'low',
}

const prefixOf: Record<ManifestVerdict['kind'], string> = {
  violation: 'Guardrail',
  warning: 'Guardrail',
  condition: 'Guardrail condition that a manifest cannot meet',
  inconclusive: 'Guardrail',
}

const maxNamed = 5

/**
 * Reports each verdict once, with the clusters in which it applies.
 * @param clusters where the manifests may be applied; a violation in one of them counts
 */
export const guardrailJudge =
  (compiled: readonly CompiledGuardrail[], clusters: readonly ManifestFacts['cluster'][]): GuardrailJudge =>
  ({ reach, rules, risks, place }) => {
    const found = new Map<string, { verdict: ManifestVerdict; clusters: string[] }>()
    for (const cluster of clusters) {
      for (const verdict of judgeManifest(compiled, { cluster, reach, rules, risks })) {
        const key = `${verdict.guardrail} ${verdict.kind} ${verdict.sentence}`
        const known = found.get(key)
        if (known) known.clusters.push(cluster.name)
        else found.set(key, { verdict, clusters: [cluster.name] })
      }
    }
    return [...found.values()].map(({ verdict, clusters: where }) => {
      const named =
        where.length <= maxNamed
          ? where.join(', ')
          : `${where.slice(0, maxNamed).join(', ')} and ${where.length - maxNamed} more`
      const because = where.length === clusters.length ? [] : [`in ${named}`]
      return {
        id: verdict.guardrail,
        severity: severityOf[verdict.kind],
        sentence: `${prefixOf[verdict.kind]}: ${verdict.sentence}`,
        because,
        outlives: null,
        includes: [],
        places: [place],
        substance: [verdict.kind, normalizeRules(rules)],
      }
    })
  }
