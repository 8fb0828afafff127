import type { Metadata } from 'next'
import { cache } from 'react'
import { PageHead } from '#components/layout/page-head'
import { EntitlementList } from '#components/request/entitlement-list'
import { PasteBox } from '#components/request/paste-box'
import { RequestForm } from '#components/request/request-form'
import { Link } from '#components/ui/link'
import { UntrustedText } from '#components/ui/untrusted-text'
import { currentActor, requireActor } from '#lib/adapters/auth/session'
import type { PersonActor } from '#lib/core/access/actor'
import { interpretQuery } from '#lib/core/rbac/paste/interpret-query'
import { listEntitlements } from '#lib/views/list-entitlements'
import { servedBy } from '#lib/views/served-resources'
import { choicesOf } from '../../choices.ts'
import { requestOrNothing } from '../../request-or-nothing.ts'
import { titleOf } from '../../title.ts'
import { preview, submit } from '../actions.ts'
import { knownFromRequest, knownFromUrl } from './prefill.ts'

/** `Request access: Restart payment services`, once an entitlement is chosen. */
export async function generateMetadata({ searchParams }: PageProps<'/requests/new'>): Promise<Metadata> {
  const actor = await currentActor()
  const chosen = actor && (await chosenFor(actor, await searchParams)).entitlement
  return { title: chosen ? titleOf(`Request access: ${chosen.title}`) : 'Request access' }
}

type Query = Awaited<PageProps<'/requests/new'>['searchParams']>

const one = (query: Query, key: string) => {
  const value = query[key]
  return typeof value === 'string' ? value : ''
}

const entitlementsOf = cache(listEntitlements)

/** The request to repeat, the entitlement that the URL chooses, and all entitlements of this person. */
async function chosenFor(actor: PersonActor, query: Query) {
  const entitlements = await entitlementsOf(actor)
  const again = one(query, 'again') ? await requestOrNothing(actor, one(query, 'again')) : null
  const name = again?.entitlement ?? one(query, 'entitlement')
  return { entitlements, again, entitlement: entitlements.find((entitlement) => entitlement.name === name) }
}

/** Requesting access: the form of the chosen entitlement, or else the entitlements that fit the typed or pasted text. */
export default async function NewRequestPage({ searchParams }: PageProps<'/requests/new'>) {
  const actor = await requireActor()
  const query = await searchParams
  const q = one(query, 'q')
  const { entitlements, again, entitlement: chosen } = await chosenFor(actor, query)
  const known = again ? knownFromRequest(again) : knownFromUrl((key) => one(query, key))
  if (chosen)
    return (
      <>
        <PageHead title={<UntrustedText>{chosen.title}</UntrustedText>}>
          {chosen.description ? <UntrustedText>{chosen.description}</UntrustedText> : <code>{chosen.name}</code>}
        </PageHead>
        <RequestForm key={chosen.name} entitlement={chosen} known={known} preview={preview} submit={submit} />
      </>
    )

  const clusters = entitlements.flatMap((entitlement) => entitlement.clusters.map(({ name }) => name))
  const understood = interpretQuery(q, entitlements, q ? await servedBy(clusters) : null)
  return (
    <>
      <PageHead title="Request access">
        {understood.sentence && <UntrustedText>{understood.sentence}</UntrustedText>}
      </PageHead>
      <PasteBox choices={choicesOf(entitlements)} value={q} />
      {q && (
        <p className="mt-2 text-dense text-muted">
          <Link className="link" href={`/check-access?${new URLSearchParams({ q })}`}>
            Why can’t I?
          </Link>{' '}
          See what the cluster says about each permission.
        </p>
      )}
      <EntitlementList choices={understood.choices} />
    </>
  )
}
