import type { Metadata } from 'next'
import { cache, type ReactNode } from 'react'
import { PageHead } from '#components/layout/page-head'
import { EntitlementList } from '#components/request/entitlement-list'
import { AlreadyHeldNotice, RequestForm } from '#components/request/on-demand'
import { PasteBox } from '#components/request/paste-box'
import { Link } from '#components/ui/link'
import { UntrustedText } from '#components/ui/untrusted-text'
import { currentActor, requireActor } from '#lib/adapters/auth/session'
import type { PersonActor } from '#lib/core/access/actor'
import type { EntitlementResource } from '#lib/core/access/entitlement-resource'
import type { Draft } from '#lib/core/access/form-input'
import { interpretQuery } from '#lib/core/rbac/paste/interpret-query'
import { alreadyHeldBy } from '#lib/views/already-held'
import { listEntitlements } from '#lib/views/list-entitlements'
import { offersOf } from '#lib/views/offered-resources'
import { servedBy } from '#lib/views/served-resources'
import { choicesOf } from '../../choices.ts'
import { connect } from '../../grants/actions.ts'
import { requestOrNothing } from '../../request-or-nothing.ts'
import { titleOf } from '../../title.ts'
import { preview, submit } from '../actions.ts'
import { knownFromPath, knownFromRequest, knownFromUrl } from './prefill.ts'

/** `Request access: Restart payment services`, once an entitlement is chosen. */
export async function generateMetadata({ searchParams }: PageProps<'/requests/new'>): Promise<Metadata> {
  const actor = await currentActor()
  const chosen = actor && (await chosenFor(actor, await searchParams)).entitlement
  const what = actor && one(await searchParams, 'extends') ? 'More time' : 'Request access'
  return { title: chosen ? titleOf(`${what}: ${chosen.title}`) : 'Request access' }
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

/** Requesting access: the form of the chosen entitlement, or else what fits the typed or pasted text. */
export default async function NewRequestPage({ searchParams }: PageProps<'/requests/new'>) {
  const actor = await requireActor()
  const query = await searchParams
  const { entitlements, again, entitlement: chosen } = await chosenFor(actor, query)
  if (!chosen) return <Found actor={actor} entitlements={entitlements} q={one(query, 'q')} isList={'list' in query} />
  const known = again ? knownFromRequest(again) : knownFromUrl((key) => one(query, key))
  return <Form entitlement={chosen} known={known} extending={again ? one(query, 'extends') : ''} />
}

type FoundProps = { actor: PersonActor; entitlements: EntitlementResource[]; q: string; isList: boolean }

/**
 * What fits a typed or pasted text. If the person has the needed access already, it says so. Otherwise the form of the
 * best entitlement that allows all of it opens, with links to the others.
 */
async function Found({ actor, entitlements, q, isList }: FoundProps) {
  const clusters = entitlements.flatMap((entitlement) => entitlement.clusters.map(({ name }) => name))
  const served = q ? await servedBy(clusters) : null
  const { sentence, understood, choices, needed, isAnswered } = interpretQuery(q, entitlements, served)
  const held = needed ? await alreadyHeldBy(actor, needed) : []
  const isHeld = held.some(({ missing }) => missing.length === 0)
  const [best, ...others] = choices
  if (best && isAnswered && !isHeld && !isList)
    return (
      <Form entitlement={best.what} known={knownFromPath(best.href)}>
        <UntrustedText>{understood}</UntrustedText> This entitlement allows it.{' '}
        <Link className="link" href={`/requests/new?${new URLSearchParams({ q, list: '' })}`}>
          {others.length > 0 ? `Other entitlements (${others.length})` : 'Change the text'}
        </Link>
      </Form>
    )
  return (
    <>
      <PageHead title="Request access">
        {sentence && <UntrustedText>{isHeld ? understood : sentence}</UntrustedText>}
      </PageHead>
      <PasteBox choices={choicesOf(entitlements)} value={q} />
      {held.length > 0 && (
        <section aria-label="What you have already" className="mt-6 space-y-4">
          <AlreadyHeldNotice held={held} connect={connect} again />
        </section>
      )}
      {q && (
        <p className="mt-2 text-dense text-muted">
          <Link className="link" href={`/check-access?${new URLSearchParams({ q })}`}>
            Why can’t I?
          </Link>{' '}
          See what the cluster says about each permission.
        </p>
      )}
      <EntitlementList choices={choices} hasAny={entitlements.length > 0} />
    </>
  )
}

type FormProps = { entitlement: EntitlementResource; known: Partial<Draft>; extending?: string; children?: ReactNode }

/** @param extending the grant that the request extends; empty if it extends none */
async function Form({ entitlement, known, extending = '', children }: FormProps) {
  const offers = await offersOf(entitlement)
  return (
    <>
      <PageHead
        title={
          <>
            {extending && 'More time: '}
            <UntrustedText>{entitlement.title}</UntrustedText>
          </>
        }
      >
        {children ??
          (entitlement.description ? (
            <UntrustedText>{entitlement.description}</UntrustedText>
          ) : (
            <code>{entitlement.name}</code>
          ))}
      </PageHead>
      <RequestForm
        key={entitlement.name}
        extending={extending}
        entitlement={entitlement}
        offers={offers}
        known={known}
        preview={preview}
        submit={submit}
        connect={connect}
      />
    </>
  )
}
