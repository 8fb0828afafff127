// What do the guardrails of a policy say about an object of a manifest, in the clusters that it may go to?
import { normalizeRules } from '#lib/core/access/rule'
import type { Severity } from '#lib/core/access/severity'
import type { CompiledGuardrail } from '#lib/core/guardrails/configured/compile'
import { judgeManifest, type ManifestFacts, type ManifestVerdict } from '#lib/core/guardrails/configured/judge-manifest'
import type { GuardrailJudge } from './finding.ts'

const severityOf: Record<ManifestVerdict['kind'], Severity> = {
  violation: 'high',
  warning: 'low',
  condition: 'low',
  unjudged: 'low',
}

const inWords: Record<ManifestVerdict['kind'], string> = {
  violation: 'Guardrail',
  warning: 'Guardrail',
  condition: 'Guardrail, under terms that no manifest can carry',
  unjudged: 'Guardrail',
}

const maxNamed = 5

export { neverJudged } from '#lib/core/guardrails/configured/judge-manifest'

/**
 * Judges by these guardrails: each is told once, with the clusters in which it says so.
 * @param clusters where the manifests may go: what one of them refuses is refused
 */
export const guardrailJudge =
  (compiled: readonly CompiledGuardrail[], clusters: readonly ManifestFacts['cluster'][]): GuardrailJudge =>
  ({ reach, rules, risks, place }) => {
    const said = new Map<string, { verdict: ManifestVerdict; clusters: string[] }>()
    for (const cluster of clusters) {
      for (const verdict of judgeManifest(compiled, { cluster, reach, rules, risks })) {
        const key = `${verdict.guardrail} ${verdict.kind} ${verdict.sentence}`
        const known = said.get(key)
        if (known) known.clusters.push(cluster.name)
        else said.set(key, { verdict, clusters: [cluster.name] })
      }
    }
    return [...said.values()].map(({ verdict, clusters: where }) => {
      const named =
        where.length <= maxNamed
          ? where.join(', ')
          : `${where.slice(0, maxNamed).join(', ')} and ${where.length - maxNamed} more`
      const because = where.length === clusters.length ? [] : [`in ${named}`]
      return {
        id: verdict.guardrail,
        severity: severityOf[verdict.kind],
        sentence: `${inWords[verdict.kind]}: ${verdict.sentence}`,
        because,
        outlives: null,
        includes: [],
        places: [place],
        substance: [verdict.kind, normalizeRules(rules)],
      }
    })
  }
