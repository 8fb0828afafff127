import type { Preview } from '#lib/access/resources'
import { Copyable } from '../ui/copyable.tsx'
import { RulesTable } from './rules-table.tsx'
import { Steps } from './steps.tsx'
import { shortHash, VerdictList } from './verdict-list.tsx'

type Props = {
  preview: Preview | null
  namespaces: string[]
  clusterRole: string | null
  busy: boolean
  stale: string | null
}

/** What the dry run says: what becomes possible, whether the guardrails hold, who decides, what would be made. */
export function PreviewPanel({ preview, namespaces, clusterRole, busy, stale }: Props) {
  return (
    <div aria-busy={busy} className="min-h-96">
      <p role="status" className="mb-1 min-h-[1.125rem] text-dense text-muted">
        {stale ?? (busy && !preview ? 'Asking what this would give …' : '')}
      </p>
      {preview && (
        <div className="space-y-5">
          <section>
            <h2 className="mb-1">You would be able to</h2>
            <RulesTable
              rules={preview.rules}
              namespaces={namespaces}
              clusterRole={clusterRole}
              caption="What you would be able to do"
            />
          </section>
          <section>
            <h2 className="mb-1">Guardrails</h2>
            <VerdictList verdict={preview.verdict} />
          </section>
          <section>
            <h2 className="mb-1">Approval</h2>
            <Steps steps={preview.steps} />
          </section>
          <section>
            <h2 className="mb-1">Would create</h2>
            <details className="text-dense">
              <summary>{kindsInWords(preview.objects)}</summary>
              <section
                // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
                tabIndex={0}
                aria-label="The objects as YAML"
                className="mt-2 max-h-96 overflow-auto border border-line bg-sunken p-3"
              >
                <pre>{preview.manifests}</pre>
              </section>
            </details>
          </section>
          <p className="text-dense text-muted">
            Whoever approves, approves exactly this:{' '}
            <Copyable text={preview.digest} shown={shortHash(preview.digest)} label="the digest" />
          </p>
        </div>
      )}
    </div>
  )
}

function kindsInWords(objects: Preview['objects']): string {
  const counts = new Map<string, number>()
  for (const { kind } of objects) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(' · ') || 'Nothing yet'
}
