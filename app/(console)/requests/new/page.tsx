import type { Metadata } from 'next'
import Link from 'next/link'
import { PageHead } from '#components/layout/page-head'
import { EntitlementList } from '#components/request/entitlement-list'
import { PasteBox } from '#components/request/paste-box'
import { RequestForm } from '#components/request/request-form'
import { UntrustedText } from '#components/ui/untrusted-text'
import { requireActor } from '#lib/adapters/auth/session'
import { interpretQuery } from '#lib/core/rbac/paste/interpret-query'
import { listEntitlements } from '#lib/views/list-entitlements'
import { choicesOf } from '../../choices.ts'
import { requestOrNothing } from '../../request-or-nothing.ts'
import { preview, submit } from '../actions.ts'
import { knownFromRequest, knownFromUrl } from './prefill.ts'

export const metadata: Metadata = { title: 'Request access' }

/** Requesting access: the form of the chosen entitlement, or else the entitlements that fit the typed or pasted text. */
export default async function NewRequestPage({ searchParams }: PageProps<'/requests/new'>) {
  const actor = await requireActor()
  const query = await searchParams
  const one = (key: string) => (typeof query[key] === 'string' ? query[key] : '')
  const entitlements = await listEntitlements(actor)

  const again = one('again') ? await requestOrNothing(actor, one('again')) : null
  const known = again ? knownFromRequest(again) : knownFromUrl(one)
  const chosen = entitlements.find((entitlement) => entitlement.name === (again?.entitlement ?? one('entitlement')))
  if (chosen)
    return (
      <>
        <PageHead title={<UntrustedText>{chosen.title}</UntrustedText>}>
          {chosen.description ? <UntrustedText>{chosen.description}</UntrustedText> : <code>{chosen.name}</code>}
        </PageHead>
        <RequestForm key={chosen.name} entitlement={chosen} known={known} preview={preview} submit={submit} />
      </>
    )

  const understood = interpretQuery(one('q'), entitlements)
  return (
    <>
      <PageHead title="Request access">
        {understood.sentence && <UntrustedText>{understood.sentence}</UntrustedText>}
      </PageHead>
      <PasteBox choices={choicesOf(entitlements)} value={one('q')} />
      {one('q') && (
        <p className="mt-2 text-dense text-muted">
          <Link className="link" href={`/check-access?${new URLSearchParams({ q: one('q') })}`}>
            Why can’t I?
          </Link>{' '}
          See what the cluster says about each permission.
        </p>
      )}
      <EntitlementList choices={understood.choices} />
    </>
  )
}
