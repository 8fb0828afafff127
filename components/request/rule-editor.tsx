import { useEffect, useRef, useState } from 'react'
import { describedBy, Problems } from '#components/ui/field'
import type { Rule } from '#lib/core/access/rule'
import { ruleField } from '#lib/core/access/rule-field'
import { typedNames } from '#lib/core/access/typed-names'
import type { Offer } from '#lib/core/rbac/offered-resources'
import { buttonStyle } from '../ui/button-style.ts'
import { problemsAt } from '../ui/problems-at.ts'
import { NamesField } from './names-field.tsx'
import { groupsOf, namesFor, newRow, notOffered, offersIn, sentIndex, verbsFor } from './rule-rows.ts'

// With more resources than this in an API group, they are typed with suggestions instead of chosen from checkboxes.
const mostBoxes = 12
const usualVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

// The most that a request can have (`rulesSchema`).
const mostRows = 32

type Props = {
  offers: Offer[]
  cluster: string
  rows: Rule[]
  /** The problems of the rules that were sent, by their pointers. */
  problems: { pointer: string; message: string }[]
  onChange: (rows: Rule[]) => void
}

/** Chooses rules from what a cluster serves inside a ceiling, each of one API group. The server checks them again. */
export function RuleEditor({ offers: all, cluster, rows, problems, onChange }: Props) {
  // A removed row takes the typed text of its fields with it.
  const [removed, setRemoved] = useState(0)
  const offers = offersIn(all, cluster)
  const groups = groupsOf(offers)
  const rest = problems.filter(({ pointer }) => !rows.some((_, at) => isOf(pointer, sentIndex(offers, rows, at))))
  return (
    <fieldset id="rules" aria-describedby={describedBy('rules')}>
      <legend className="mb-1 font-strong">Permissions you need</legend>
      <div className="space-y-4">
        {rows.map((row, at) => (
          <RuleRow
            // biome-ignore lint/suspicious/noArrayIndexKey: rows are told apart by their place
            key={`${removed} ${at}`}
            index={at}
            row={row}
            offers={offers}
            cluster={cluster}
            groups={groups}
            problems={problems
              .filter(({ pointer }) => isOf(pointer, sentIndex(offers, rows, at)))
              .map((one) => one.message)}
            isInvalid={rest.length > 0}
            onChange={(changed) => onChange(rows.map((one, other) => (other === at ? changed : one)))}
            onRemove={
              rows.length > 1
                ? () => {
                    setRemoved(removed + 1)
                    onChange(rows.filter((_, other) => other !== at))
                  }
                : undefined
            }
          />
        ))}
      </div>
      <div id={describedBy('rules')}>
        <Problems of={[...new Set(problemsAt('rules', rest))]} />
      </div>
      {rows.length < mostRows && (
        <button
          type="button"
          className={`${buttonStyle()} mt-3 noscript:hidden`}
          onClick={() => onChange([...rows, newRow(offers, rows.at(-1)?.apiGroups[0] ?? groups[0] ?? '')])}
        >
          Add rule
        </button>
      )}
    </fieldset>
  )
}

const isOf = (pointer: string, index: number | null) =>
  index !== null && (pointer === `/rules/${index}` || pointer.startsWith(`/rules/${index}/`))

type RowProps = {
  index: number
  row: Rule
  offers: Offer[]
  cluster: string
  groups: string[]
  problems: string[]
  isInvalid: boolean
  onChange: (row: Rule) => void
  onRemove: (() => void) | undefined
}

function RuleRow({ index, row, offers, cluster, groups, problems, isInvalid, onChange, onRemove }: RowProps) {
  const [group = ''] = row.apiGroups
  const id = `rule-${index}`
  const names = offers.filter((offer) => offer.group === group).map(({ resource }) => resource)
  const verbs = offers.length > 0 ? verbsFor(offers, row) : usualVerbs
  const missing = notOffered(offers, row)
  const isWrong = isInvalid || problems.length > 0
  const isUntouched = row.verbs.length === 0 && names.length === 1
  const isHalf = row.resources.length > 0 !== row.verbs.some((verb) => verbs.includes(verb))
  return (
    // biome-ignore lint/a11y/useSemanticElements: screen readers announce a nested fieldset twice; a named group is enough
    <div role="group" aria-label={`Rule ${index + 1}`} className="space-y-3 border-l-2 border-line pl-3">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <GroupChoice
          name={ruleField(index, 'apiGroups')}
          group={group}
          groups={groups}
          onChange={(chosen) => onChange({ ...newRow(offers, chosen), verbs: row.verbs })}
        />
        {onRemove && (
          <button
            type="button"
            className={`${buttonStyle('quiet')} noscript:hidden`}
            aria-label={`Remove rule ${index + 1}`}
            onClick={onRemove}
          >
            Remove
          </button>
        )}
      </div>
      {names.length > 0 && names.length <= mostBoxes ? (
        <Boxes
          label="Resources"
          name={ruleField(index, 'resources')}
          isInvalid={isWrong}
          offered={[...names, ...missing]}
          chosen={row.resources}
          onChange={(resources) => onChange({ ...row, resources })}
        />
      ) : (
        <NamesField
          key={group}
          id={`${id}-resources`}
          name={ruleField(index, 'resources')}
          label="Resources"
          known={names}
          chosen={row.resources}
          hint="Separate with spaces, for example deployments pods/log."
          problems={[]}
          onChange={(resources) => onChange({ ...row, resources })}
        />
      )}
      {missing.length > 0 && (
        <p className="text-dense text-waiting">
          <span aria-hidden>△ </span>
          {cluster} doesn’t serve {missing.join(', ')} in this API group, or this entitlement doesn’t cover it.
        </p>
      )}
      <Boxes
        label="Verbs"
        name={ruleField(index, 'verbs')}
        isInvalid={isWrong}
        offered={verbs}
        chosen={row.verbs}
        onChange={(chosen) => onChange({ ...row, verbs: chosen })}
      />
      <ObjectNames
        index={index}
        names={row.resourceNames ?? []}
        only={namesFor(offers, row)}
        onChange={(resourceNames) =>
          onChange({ ...row, resourceNames: resourceNames.length > 0 ? resourceNames : undefined })
        }
      />
      {isHalf && !isUntouched && (
        <p className="text-dense text-muted noscript:hidden">
          {row.resources.length > 0 ? 'Choose at least one verb.' : 'Choose at least one resource.'} Until then this
          rule is left out.
        </p>
      )}
      <Problems of={problems} />
    </div>
  )
}

type GroupProps = { name: string; group: string; groups: string[]; onChange: (group: string) => void }

/** The API group. Where nothing is known of the cluster it is typed. */
function GroupChoice({ name, group, groups, onChange }: GroupProps) {
  const options = groups.includes(group) || groups.length === 0 ? groups : [group, ...groups]
  if (options.length === 1)
    return (
      <p>
        <span className="mr-2 text-muted">API group</span>
        <code>{inWords(group)}</code>
        <input type="hidden" name={name} value={group} />
      </p>
    )
  const control = { id: name, name, value: group, className: 'control w-auto! max-w-full font-mono text-code' }
  return (
    <div className="flex flex-wrap items-center gap-2">
      <label htmlFor={name} className="text-muted">
        API group
      </label>
      {options.length > 0 ? (
        <select {...control} onChange={(event) => onChange(event.target.value)}>
          {options.map((one) => (
            <option key={one} value={one}>
              {inWords(one)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...control}
          placeholder="core"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value.trim())}
        />
      )}
    </div>
  )
}

const inWords = (group: string) => group || 'core'

type NamesProps = { index: number; names: string[]; only: string[] | null; onChange: (names: string[]) => void }

/** The names of the objects. `only`: the ceiling allows these and no others, so they are sent where nothing is typed. */
function ObjectNames({ index, names, only, onChange }: NamesProps) {
  const [text, setText] = useState(() => names.join(' '))
  const field = useRef<HTMLInputElement>(null)
  // What was typed before React took over the page; the form itself hands over the names.
  useEffect(() => setText((before) => field.current?.value ?? before), [])
  return (
    <label className="flex flex-wrap items-center gap-2">
      <span className="text-muted">Only objects named</span>
      <input
        ref={field}
        className="control max-w-72 font-mono text-code"
        name={ruleField(index, 'typedNames')}
        placeholder={only?.join(' ') ?? 'any name'}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          onChange(typedNames(event.target.value))
        }}
      />
      {names.length === 0 &&
        only?.map((name) => <input key={name} type="hidden" name={ruleField(index, 'resourceNames')} value={name} />)}
    </label>
  )
}

type BoxesProps = {
  label: string
  name: string
  isInvalid: boolean
  offered: string[]
  chosen: string[]
  onChange: (chosen: string[]) => void
}

function Boxes({ label, name, isInvalid, offered, chosen, onChange }: BoxesProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: screen readers announce a nested fieldset twice; a named group is enough
    <div role="group" aria-label={label}>
      <p aria-hidden className="text-muted">
        {label}
      </p>
      <div className="flex flex-wrap gap-x-4 gap-y-0.5">
        {offered.map((one) => (
          <label key={one} className="flex min-h-8 items-center gap-1.5">
            <input
              type="checkbox"
              name={name}
              value={one}
              aria-invalid={isInvalid}
              checked={chosen.includes(one)}
              onChange={(event) => onChange(event.target.checked ? [...chosen, one] : chosen.filter((x) => x !== one))}
            />
            <code>{one}</code>
          </label>
        ))}
      </div>
    </div>
  )
}
