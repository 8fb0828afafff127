import { secondsOf } from '#lib/core/access/duration'
import type { RequestSummary } from '#lib/core/access/request-resource'
import type { Rule } from '#lib/core/access/rule'
import type { Narrowing } from '#lib/core/approvals/narrow'
import { DurationSlider } from './duration-slider.tsx'

export type Narrowed = Required<Narrowing>
type Props = {
  request: Pick<RequestSummary, 'namespaces' | 'rules' | 'clusterRole' | 'duration'>
  narrowed: Narrowed
  onChange: (narrowed: Narrowed) => void
}

/** Narrows a request: a shorter duration, fewer namespaces, fewer verbs. No control can widen it. */
export function NarrowFields({ request, narrowed, onChange }: Props) {
  const max = secondsOf(request.duration)
  const toggleVerb = (index: number, verb: string, on: boolean) => {
    const kept = request.rules.map((rule) => {
      const now = narrowed.rules.find((one) => isOf(one, rule))
      return now ?? { ...rule, verbs: [] }
    })
    const rules = kept.map((rule, at) =>
      at === index
        ? {
            ...rule,
            verbs: request.rules[at]?.verbs.filter((one) => (one === verb ? on : rule.verbs.includes(one))) ?? [],
          }
        : rule,
    )
    onChange({ ...narrowed, rules: rules.filter((rule) => rule.verbs.length > 0) })
  }
  return (
    <div className="mt-2 space-y-4 border-l-2 border-line pl-4">
      <DurationSlider
        id="narrow-duration"
        label="Duration"
        seconds={narrowed.durationSeconds}
        max={max}
        why="At most the requested duration."
        onChange={(durationSeconds) => onChange({ ...narrowed, durationSeconds })}
      />
      {request.namespaces.length > 1 && (
        <fieldset>
          <legend className="mb-1 font-strong">Namespaces</legend>
          <div className="flex flex-wrap gap-x-5">
            {request.namespaces.map((name) => (
              <label key={name} className="flex min-h-8 items-center gap-2">
                <input
                  type="checkbox"
                  checked={narrowed.namespaces.includes(name)}
                  disabled={narrowed.namespaces.length === 1 && narrowed.namespaces[0] === name}
                  onChange={(event) =>
                    onChange({
                      ...narrowed,
                      namespaces: request.namespaces.filter((one) =>
                        one === name ? event.target.checked : narrowed.namespaces.includes(one),
                      ),
                    })
                  }
                />
                <code>{name}</code>
              </label>
            ))}
          </div>
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
            <div className="flex flex-wrap gap-x-4">
              {rule.verbs.map((verb) => (
                <label key={verb} className="flex min-h-8 items-center gap-1.5">
                  <input
                    type="checkbox"
                    checked={narrowed.rules.some((one) => isOf(one, rule) && one.verbs.includes(verb))}
                    disabled={
                      narrowed.rules.length === 1 &&
                      narrowed.rules[0]?.verbs.length === 1 &&
                      isOf(narrowed.rules[0], rule) &&
                      narrowed.rules[0].verbs[0] === verb
                    }
                    onChange={(event) => toggleVerb(index, verb, event.target.checked)}
                  />
                  <code>{verb}</code>
                </label>
              ))}
            </div>
          </fieldset>
        ))
      )}
    </div>
  )
}

/** Whether `one` is a narrowed form of `rule`: they differ only in their verbs. */
const isOf = (one: Rule, rule: Rule) =>
  JSON.stringify([one.apiGroups, one.resources, one.resourceNames]) ===
  JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames])
