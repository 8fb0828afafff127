import { Problems } from '#components/ui/field'
import { secondsOf } from '#lib/core/access/duration'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { Rule } from '#lib/core/access/rule'
import { ruleField } from '#lib/core/access/rule-field'
import type { Narrowing } from '#lib/core/approvals/narrow'
import { DurationSlider } from './duration-slider.tsx'

export type Narrowed = Required<Narrowing>
type Props = {
  request: Pick<RequestSummary, 'namespaces' | 'rules' | 'clusterRole' | 'duration'>
  narrowed: Narrowed
  problems: (field: string) => string[]
  onChange: (narrowed: Narrowed) => void
}

/** Narrows a request: a shorter duration, fewer namespaces, fewer verbs. No control can widen it. */
export function NarrowFields({ request, narrowed, problems, onChange }: Props) {
  const verbsOf = (rule: Rule) => narrowed.rules.find((one) => isOf(one, rule))?.verbs ?? []
  const toggleVerb = (index: number, verb: string) => {
    const rules = request.rules.map((rule, at) => ({
      ...rule,
      verbs: rule.verbs.filter((one) => verbsOf(rule).includes(one) !== (at === index && one === verb)),
    }))
    onChange({ ...narrowed, rules: rules.filter((rule) => rule.verbs.length > 0) })
  }
  const toggleNamespace = (name: string) =>
    onChange({
      ...narrowed,
      namespaces: request.namespaces.filter((one) => narrowed.namespaces.includes(one) !== (one === name)),
    })
  return (
    <div className="mt-2 space-y-4 border-l-2 border-line pl-4">
      <DurationSlider
        id="narrow-duration"
        label="Duration"
        seconds={narrowed.durationSeconds}
        max={secondsOf(request.duration)}
        why="At most the requested duration."
        problems={problems('duration')}
        onChange={(durationSeconds) => onChange({ ...narrowed, durationSeconds })}
      />
      {request.namespaces.length > 1 && (
        <fieldset>
          <legend className="mb-1 font-strong">Namespaces</legend>
          <input type="hidden" name="narrowsNamespaces" value="yes" />
          <Boxes
            name="namespaces"
            offered={request.namespaces}
            chosen={narrowed.namespaces}
            isLast={narrowed.namespaces.length === 1}
            why="At least one namespace must remain."
            problems={problems('namespaces')}
            onToggle={toggleNamespace}
          />
        </fieldset>
      )}
      {request.clusterRole ? (
        <p className="text-dense text-muted">This request uses a ClusterRole, whose rules can’t be narrowed.</p>
      ) : (
        request.rules.map((rule, index) => (
          <fieldset key={JSON.stringify(rule)}>
            <legend className="mb-1">
              <code>{rule.resources.join(', ')}</code>
            </legend>
            <RuleTargets rule={rule} index={index} />
            <Boxes
              name={ruleField(index, 'verbs')}
              offered={rule.verbs}
              chosen={verbsOf(rule)}
              isLast={narrowed.rules.length === 1 && verbsOf(rule).length === 1}
              why="At least one verb must remain."
              problems={index === 0 ? problems('rules') : []}
              onToggle={(verb) => toggleVerb(index, verb)}
            />
          </fieldset>
        ))
      )}
    </div>
  )
}

/** The parts of a rule that narrowing keeps, as fields of the form. */
function RuleTargets({ rule, index }: { rule: Rule; index: number }) {
  return (['apiGroups', 'resources', 'resourceNames'] as const).flatMap((part) =>
    (rule[part] ?? []).map((value) => (
      <input key={`${part} ${value}`} type="hidden" name={ruleField(index, part)} value={value} />
    )),
  )
}

type BoxesProps = {
  name: string
  offered: string[]
  chosen: string[]
  /** Only one is left, and it stays. */
  isLast: boolean
  why: string
  problems: string[]
  onToggle: (value: string) => void
}

function Boxes({ name, offered, chosen, isLast, why, problems, onToggle }: BoxesProps) {
  return (
    <>
      <div className="flex flex-wrap gap-x-4">
        {offered.map((value) => {
          const isKept = isLast && chosen.includes(value)
          return (
            <label key={value} className="flex min-h-8 items-center gap-1.5">
              <input
                type="checkbox"
                name={name}
                value={value}
                checked={chosen.includes(value)}
                // NB: `disabled` would also remove the value from the form.
                aria-disabled={isKept}
                aria-invalid={problems.length > 0}
                onChange={() => !isKept && onToggle(value)}
              />
              <code>{value}</code>
            </label>
          )
        })}
      </div>
      {isLast && <p className="text-dense text-muted noscript:hidden">{why}</p>}
      <Problems of={problems} />
    </>
  )
}

/** Whether `one` is a narrowed form of `rule`: they differ only in their verbs. */
const isOf = (one: Rule, rule: Rule) =>
  JSON.stringify([one.apiGroups, one.resources, one.resourceNames]) ===
  JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames])
