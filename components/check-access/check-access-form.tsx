import { PasteField } from '#components/ui/paste-field'
import type { CheckAccessFields } from '#lib/core/rbac/paste/access-questions'
import { buttonStyle } from '../ui/button-style.ts'

type Props = {
  fields: CheckAccessFields
  clusters: string[]
  namespaces: string[]
  /** May this reader check another person's access? */
  others: boolean
}

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']

/** The question in one line or in its parts. Plain forms: they work without scripts, and their URLs can be bookmarked. */
export function CheckAccessForm({ fields, clusters, namespaces, others }: Props) {
  const cluster = fields.cluster || (clusters[0] ?? '')
  const hidden = (
    <>
      {clusters.length < 2 && <input type="hidden" name="cluster" value={cluster} />}
      {others && fields.person && <input type="hidden" name="person" value={fields.person} />}
    </>
  )
  return (
    <search className="space-y-4">
      <form action="/check-access" className="flex items-start gap-2">
        <PasteField
          key={fields.q}
          aria-label="Paste a Forbidden error or a kubectl command"
          placeholder="Paste a Forbidden error or a kubectl command"
          startText={fields.q}
        />
        {hidden}
        <button type="submit" className={buttonStyle()}>
          Check access
        </button>
      </form>
      <form action="/check-access" className="grid grid-cols-2 items-end gap-3 rail:flex rail:flex-wrap">
        {clusters.length > 1 && (
          <Part id="cluster" label="Cluster">
            <select id="cluster" name="cluster" className="control font-mono text-code" defaultValue={cluster}>
              {clusters.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </Part>
        )}
        <Part id="verb" label="Verb">
          <Text id="verb" value={fields.verb} list={verbs} hint="get" required />
        </Part>
        <Part id="what" label="Resource or path">
          <Text id="what" value={fields.what} hint="pods/log" required />
        </Part>
        <Part id="namespace" label="Namespace">
          <Text id="namespace" value={fields.namespace} list={namespaces} hint="whole cluster" />
        </Part>
        <Part id="name" label="Name">
          <Text id="name" value={fields.name} hint="any" />
        </Part>
        {others && (
          <Part id="person" label="Person">
            <Text id="person" value={fields.person} hint="you" />
          </Part>
        )}
        {clusters.length < 2 && <input type="hidden" name="cluster" value={cluster} />}
        <button type="submit" className={buttonStyle('primary')}>
          Check access
        </button>
      </form>
    </search>
  )
}

function Part({ id, label, children }: { id: string; label: string; children: React.ReactNode }) {
  return (
    <div className="min-w-0 rail:flex-1">
      <label htmlFor={id} className="mb-1 block text-dense text-muted">
        {label}
      </label>
      {children}
    </div>
  )
}

type TextProps = { id: string; value: string; hint: string; list?: string[]; required?: boolean }

function Text({ id, value, hint, list, required = false }: TextProps) {
  return (
    <>
      <input
        id={id}
        name={id}
        key={value}
        defaultValue={value}
        placeholder={hint}
        required={required}
        maxLength={2000}
        list={list && `${id}-list`}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        className="control font-mono text-code"
      />
      {list && (
        <datalist id={`${id}-list`}>
          {list.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      )}
    </>
  )
}
