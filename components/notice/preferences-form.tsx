'use client'
import { ActionProblem } from '#components/ui/action-problem'
import { Section } from '#components/ui/section'
import { SubmitButton } from '#components/ui/submit-button'
import type { FormAction } from '#lib/core/access/action-result'
import { kindLabels, noticeKinds } from '#lib/core/notices/kinds'
import { useFormAnswer } from '../ui/use-form-answer.ts'

type Props = {
  /** The kinds that this person does not want. */
  muted: readonly string[]
  /** Where the mails go; null without a verified address. */
  email: string | null
  save: FormAction<{ wanted: string[] }>
}

/** Which kinds of notices a person receives. Each box that is ticked is sent. */
export function PreferencesForm({ muted, email, save }: Props) {
  const { answer, form } = useFormAnswer(save)
  const wanted = answer.kept.wanted
  const isWanted = (kind: string) => (wanted ? wanted.includes(kind) : !muted.includes(kind))
  return (
    <Section id="preferences" title="Notices to you">
      <p>
        {email
          ? `Postern sends these to ${email}, and to the browsers that you added in Settings.`
          : 'You receive no notices: your identity provider has not verified an e-mail address of yours.'}
      </p>
      <form {...form}>
        <fieldset className="my-3">
          <legend className="sr-only">Kinds of notices</legend>
          {noticeKinds.map((kind) => (
            <label key={kind} className="flex items-baseline gap-2 py-1">
              <input type="checkbox" name="wanted" value={kind} defaultChecked={isWanted(kind)} />
              {kindLabels[kind]}
            </label>
          ))}
        </fieldset>
        <ActionProblem error={answer.error} />
        <SubmitButton pending="Saving…">Save</SubmitButton>
      </form>
    </Section>
  )
}
