'use client'
import { type ComponentProps, lazy } from 'react'
import type { AlreadyHeldNotice as Notice } from './already-held.tsx'
import type { RequestForm as Form } from './request-form.tsx'
import type { RevokeAction as Revoke } from './revoke-action.tsx'

// Parts of "Request access" and of the inbox that many visits do not need, each in a script of its own. NB: without a Suspense
// boundary, because the server then waits for them, and the page is whole for a browser without scripts.

const LazyForm = lazy(() => import('./request-form.tsx').then((loaded) => ({ default: loaded.RequestForm })))
const LazyNotice = lazy(() => import('./already-held.tsx').then((loaded) => ({ default: loaded.AlreadyHeldNotice })))
/** The requests of an inbox are not decided when it opens. */
const LazyRevoke = lazy(() => import('./revoke-action.tsx').then((loaded) => ({ default: loaded.RevokeAction })))

// A page needs functions: it cannot render what `lazy` returns.
export const RequestForm = (props: ComponentProps<typeof Form>) => <LazyForm {...props} />
export const AlreadyHeldNotice = (props: ComponentProps<typeof Notice>) => <LazyNotice {...props} />
export const RevokeAction = (props: ComponentProps<typeof Revoke>) => <LazyRevoke {...props} />
