import type { ComponentProps } from 'react'
import type { RequestResource } from '#lib/core/access/request-resource'
import { DecidePanel } from './decide-panel.tsx'

type Props = Omit<ComponentProps<typeof DecidePanel>, 'request'> & { request: RequestResource }

/** The panel that decides a request, with the parts of the request that it needs: a page would send all others twice. */
export function Decision({ request, ...panel }: Props) {
  const { id, digest, title, namespaces, rules, clusterRole, duration, can, requester, ...rest } = request
  const terms = { id, digest, title, namespaces, rules, clusterRole, duration, can, requester }
  const facts = { ...terms, signatureFailure: rest.signatureFailure, extends: rest.extends }
  return <DecidePanel request={facts} {...panel} />
}
