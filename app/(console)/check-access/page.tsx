import type { Metadata } from 'next'
import { WhyForm } from '#components/check-access/check-access-form'
import { ExplanationView } from '#components/check-access/explanation-view'
import { PageHead } from '#components/layout/page-head'
import { Empty } from '#components/ui/empty'
import { Notice } from '#components/ui/notice'
import { Time } from '#components/ui/time'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import type { PersonActor } from '#lib/core/access/actor'
import { AppError } from '#lib/core/access/errors'
import { type AccessExplanation, type ExplainQuery, explainQuery } from '#lib/core/access/explanation'
import { seesEverything } from '#lib/core/access/may-act'
import { explainEach } from '#lib/views/explain-access'
import { listClusters } from '#lib/views/list-clusters'
import { questionsOf, type WhyFields } from '../../../lib/core/rbac/paste/access-questions.ts'

export const metadata: Metadata = { title: 'Why can’t I?' }

type Answers = { answers: AccessExplanation[]; problem: string }

/** What was typed may be no question at all; what is asked about somebody may not be the reader's to know. */
async function answersTo(actor: PersonActor, questions: ExplainQuery[]): Promise<Answers> {
  const checked = questions.map((question) => explainQuery.safeParse(question))
  if (checked.some(({ success }) => !success))
    return { answers: [], problem: 'One of the fields is longer than anything in Kubernetes.' }
  try {
    const asked = checked.flatMap(({ data }) => data ?? [])
    const [first] = asked
    // All of one paste are about one person in one cluster.
    return { answers: first ? await explainEach(actor, first, asked) : [], problem: '' }
  } catch (error) {
    if (!(error instanceof AppError) || !['not-found', 'invalid'].includes(error.code)) throw error
    return { answers: [], problem: error.message }
  }
}

/** May I do this, by which binding and role, and what do I ask for if not? */
export default async function WhyPage({ searchParams }: PageProps<'/check-access'>) {
  const actor = await requireActor()
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key].trim() : '')
  const others = seesEverything(actor)
  const fields: WhyFields = {
    ...{ q: one('q'), cluster: one('cluster'), verb: one('verb'), what: one('what') },
    ...{ namespace: one('namespace'), name: one('name'), person: others ? one('person') : '' },
  }
  const clusters = await listClusters(actor)
  const names = clusters.map(({ name }) => name)
  const questions = questionsOf(fields, names)
  const { answers, problem } = await answersTo(actor, questions)
  const [first] = answers
  const isMine = first?.person.id === actor.person.id
  const isAsked = Boolean(fields.q || (fields.verb && fields.what))
  return (
    <>
      <PageHead title="Why can’t I?">
        What a cluster allows {others ? 'somebody' : 'you'} without Postern, by which binding and role, and what to ask
        for where it does not.
      </PageHead>
      <WhyForm
        fields={fields}
        clusters={names}
        namespaces={[...new Set(clusters.flatMap(({ namespaces }) => namespaces.map(({ name }) => name)))]}
        others={others}
      />
      <div className="mt-8">
        {problem && (
          <Notice live>
            <UntrustedText>{problem}</UntrustedText>
          </Notice>
        )}
        {isAsked && questions.length === 0 && (
          <Empty title="That is neither a refusal nor a kubectl command that needs rights.">
            Say the verb and the resource in the fields above.
          </Empty>
        )}
        {answers.map((answer) => (
          <ExplanationView
            key={JSON.stringify(answer.question)}
            answer={answer}
            isMine={answer.person.id === actor.person.id}
          />
        ))}
        {first && <AsWhom answer={first} isMine={isMine} />}
      </div>
    </>
  )
}

/** Whom the cluster takes the person for: half of all surprises are a name or a group that it knows otherwise. */
function AsWhom({
  answer: { identity, asOf, question, person },
  isMine,
}: {
  answer: AccessExplanation
  isMine: boolean
}) {
  if (!identity || !asOf) return null
  return (
    <p className="max-w-[72ch] border-t border-line pt-3 text-dense text-muted">
      <code>{question.cluster}</code> knows {isMine ? 'you' : <UntrustedText>{person.name}</UntrustedText>} as{' '}
      <code className="text-ink">
        <UntrustedText>{identity.user}</UntrustedText>
      </code>{' '}
      in the groups{' '}
      <code className="text-ink">
        <UntrustedText>{identity.groups.join(', ')}</UntrustedText>
      </code>
      . By its roles and bindings <Time at={asOf} />; other authorizers of the cluster may allow more.
    </p>
  )
}
