import type { Metadata } from 'next'
import { CheckAccessForm } from '#components/check-access/check-access-form'
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
import { seesEverything } from '#lib/core/access/may-see'
import { accessQuestions, type CheckAccessFields } from '#lib/core/rbac/paste/access-questions'
import { explainEach } from '#lib/views/explain-access'
import { listClusters } from '#lib/views/list-clusters'
import { servedBy } from '#lib/views/served-resources'

export const metadata: Metadata = { title: 'Check access' }

type Answers = { answers: AccessExplanation[]; problem: string }

/** The fields may not form a valid question, and the reader may not be allowed to check another person's access. */
async function answersTo(actor: PersonActor, questions: ExplainQuery[]): Promise<Answers> {
  const checked = questions.map((question) => explainQuery.safeParse(question))
  if (checked.some(({ success }) => !success)) return { answers: [], problem: 'One of the fields is too long.' }
  try {
    const valid = checked.flatMap(({ data }) => data ?? [])
    const [first] = valid
    // All questions of one paste concern one person in one cluster.
    const { cluster, person } = first ?? { cluster: '' }
    return { answers: first ? await explainEach(actor, { cluster, person, actions: valid }) : [], problem: '' }
  } catch (error) {
    if (!(error instanceof AppError) || !['not-found', 'invalid'].includes(error.code)) throw error
    return { answers: [], problem: error.message }
  }
}

/** Answers whether a person may do something, through which binding and role, and which entitlement would grant it. */
export default async function CheckAccessPage({ searchParams }: PageProps<'/check-access'>) {
  const actor = await requireActor()
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key].trim() : '')
  const others = seesEverything(actor)
  const fields: CheckAccessFields = {
    ...{ q: one('q'), cluster: one('cluster'), verb: one('verb'), what: one('what') },
    ...{ namespace: one('namespace'), name: one('name'), person: others ? one('person') : '' },
  }
  const clusters = await listClusters(actor)
  const names = clusters.map(({ name }) => name)
  const known = clusters.filter(
    ({ name, namespaces }) => namespaces.length > 0 && (!fields.cluster || name === fields.cluster),
  )
  const served = fields.q || fields.what ? await servedBy(known.map(({ name }) => name)) : null
  const questions = accessQuestions(fields, names, served)
  const { answers, problem } = await answersTo(actor, questions)
  const [first] = answers
  const isMine = first?.person.id === actor.person.id
  const hasQuestion = Boolean(fields.q || (fields.verb && fields.what))
  return (
    <>
      <PageHead title="Check access">
        What a cluster already lets {others ? 'a person' : 'you'} do without Postern, through which binding and role,
        and which entitlement grants the rest.
      </PageHead>
      <CheckAccessForm
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
        {hasQuestion && questions.length === 0 && (
          <Empty title="This isn’t a Forbidden error or a kubectl command that needs permissions.">
            {' '}
            Enter the verb and the resource in the fields above.
          </Empty>
        )}
        {answers.map((answer) => (
          <ExplanationView
            key={JSON.stringify(answer.question)}
            answer={answer}
            isMine={answer.person.id === actor.person.id}
          />
        ))}
        {first && <ClusterIdentity answer={first} isMine={isMine} />}
      </div>
    </>
  )
}

/** The identity under which the cluster knows the person: a different name or group explains many surprises. */
function ClusterIdentity({
  answer: { identity, asOf, question, person },
  isMine,
}: {
  answer: AccessExplanation
  isMine: boolean
}) {
  if (!identity || !asOf) return null
  return (
    <p className="max-w-[72ch] border-t border-line pt-3 text-dense text-muted">
      <code>{question.cluster}</code> identifies {isMine ? 'you' : <UntrustedText>{person.name}</UntrustedText>} as{' '}
      <code className="text-ink">
        <UntrustedText>{identity.user}</UntrustedText>
      </code>{' '}
      with the groups{' '}
      <code className="text-ink">
        <UntrustedText>{identity.groups.join(', ')}</UntrustedText>
      </code>
      . Based on the roles and bindings read <Time at={asOf} />; other authorizers of the cluster may allow more.
    </p>
  )
}
