import { useState } from 'react'
import { Problems } from '#components/ui/field'
import { ruleField } from '#lib/core/access/form-input'
import type { Rule } from '#lib/core/access/rule'
import { typedNames } from '#lib/core/access/typed-names'

const usualVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']

/** One line of the editor: a rule of the ceiling, and the choice inside it. */
type Choice = { groups: string[]; resources: string[]; verbs: string[]; names: string }

type Props = { ceiling: Rule[]; initial: Rule[]; problems: string[]; onChange: (rules: Rule[]) => void }

/** Chooses rules inside a ceiling. The server checks the submitted rules again. */
export function RuleEditor({ ceiling, initial, problems, onChange }: Props) {
  const [choices, setChoices] = useState(() => ceiling.map((rule) => startOf(rule, initial)))
  const change = (index: number, part: Partial<Choice>) => {
    const next = choices.map((choice, at) => (at === index ? { ...choice, ...part } : choice))
    setChoices(next)
    onChange(next.flatMap((choice) => ruleOf(choice) ?? []))
  }
  return (
    <fieldset>
      <legend className="mb-1 font-strong">Permissions you need</legend>
      <div className="space-y-3" id="rules">
        {ceiling.map((rule, index) => {
          const choice = choices[index]
          if (!choice) return null
          return (
            <div key={JSON.stringify(rule)} className="space-y-2 border-l-2 border-line pl-3">
              {choice.groups.map((group) => (
                <input key={group} type="hidden" name={ruleField(index, 'apiGroups')} value={group} />
              ))}
              <Boxes
                label="Resources"
                name={ruleField(index, 'resources')}
                isInvalid={problems.length > 0}
                offered={rule.resources}
                chosen={choice.resources}
                typed={rule.resources.some((one) => one.includes('*'))}
                suffix={rule.apiGroups.length === 1 && rule.apiGroups[0] ? `.${rule.apiGroups[0]}` : ''}
                onChange={(resources) => change(index, { resources })}
              />
              <Boxes
                label="Verbs"
                name={ruleField(index, 'verbs')}
                isInvalid={problems.length > 0}
                offered={rule.verbs.includes('*') ? usualVerbs : rule.verbs}
                chosen={choice.verbs}
                typed={false}
                suffix=""
                onChange={(verbs) => change(index, { verbs })}
              />
              <label className="flex flex-wrap items-center gap-2 text-dense">
                <span className="text-muted">Resource names</span>
                <input
                  className="control max-w-72 font-mono text-code"
                  name={ruleField(index, 'typedNames')}
                  placeholder={rule.resourceNames?.length ? rule.resourceNames.join(' ') : 'all'}
                  value={choice.names}
                  onChange={(event) => change(index, { names: event.target.value })}
                />
              </label>
            </div>
          )
        })}
      </div>
      <Problems of={problems} />
    </fieldset>
  )
}

type BoxesProps = {
  label: string
  name: string
  isInvalid: boolean
  offered: string[]
  chosen: string[]
  typed: boolean
  suffix: string
  onChange: (chosen: string[]) => void
}

function Boxes({ label, name, isInvalid, offered, chosen, typed, suffix, onChange }: BoxesProps) {
  if (typed)
    return (
      <label className="block text-dense">
        <span className="text-muted">{label} (separate with spaces)</span>
        <input
          className="control font-mono text-code"
          name={name}
          aria-invalid={isInvalid}
          defaultValue={chosen.join(' ')}
          onChange={(event) => onChange(typedNames(event.target.value))}
        />
      </label>
    )
  return (
    // biome-ignore lint/a11y/useSemanticElements: screen readers announce a nested fieldset twice; a named group is enough
    <div role="group" aria-label={label} className="flex flex-wrap gap-x-4 gap-y-0.5">
      {offered.map((one) => (
        <label key={one} className="flex min-h-7 items-center gap-1.5">
          <input
            type="checkbox"
            name={name}
            value={one}
            aria-invalid={isInvalid}
            checked={chosen.includes(one)}
            onChange={(event) => onChange(event.target.checked ? [...chosen, one] : chosen.filter((x) => x !== one))}
          />
          <code>
            {one}
            <span className="text-muted">{suffix}</span>
          </code>
        </label>
      ))}
    </div>
  )
}

function startOf(rule: Rule, initial: Rule[]): Choice {
  const fitting = initial.find(
    (one) =>
      one.apiGroups.every((group) => rule.apiGroups.includes(group) || rule.apiGroups.includes('*')) &&
      one.resources.every((name) => rule.resources.includes(name) || rule.resources.includes('*')),
  )
  return {
    groups: fitting?.apiGroups ?? rule.apiGroups,
    resources:
      fitting?.resources ?? (rule.resources.length === 1 && !rule.resources[0]?.includes('*') ? rule.resources : []),
    verbs: fitting?.verbs ?? [],
    names: fitting?.resourceNames?.join(' ') ?? rule.resourceNames?.join(' ') ?? '',
  }
}

function ruleOf({ groups, resources, verbs, names }: Choice): Rule | undefined {
  if (resources.length === 0 || verbs.length === 0) return undefined
  const resourceNames = typedNames(names)
  return { apiGroups: groups, resources, verbs, ...(resourceNames.length ? { resourceNames } : {}) }
}
