import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '#local/processes/places'
import type { Caller, Outcome } from './words.ts'

type Action = { id: string; file: string; name: string; page: string }

/** Every server action that the build answers to, with a page that holds it. */
export function builtActions(): Action[] {
  const manifest = JSON.parse(readFileSync(join(checkout, '.next/server/server-reference-manifest.json'), 'utf8'))
  const found = manifest.node as Record<string, { filename: string; exportedName: string; workers: object }>
  return Object.entries(found).map(([id, { filename, exportedName, workers }]) => {
    const pages = Object.keys(workers).map((page) =>
      page.replace(/^app|\/\([^)]*\)|\/page$/g, '').replace(/\/page$/, ''),
    )
    const fixed = pages.find((page) => !page.includes('[')) ?? pages[0]?.replace('[cluster]', 'prod-eu')
    return { id, file: filename, name: exportedName, page: fixed || '/' }
  })
}

/** The arguments of an action that handles a form: the previous answer, and a form with these fields. */
export function withForm(fields: Record<string, string | string[]>): [object, FormData] {
  const form = new FormData()
  for (const [name, values] of Object.entries(fields)) for (const value of [values].flat()) form.append(name, value)
  return [{ error: null, kept: {} }, form]
}

/** The arguments of an action as React's client encodes them: JSON, with each form as fields under a number of its own. */
function encodeArguments(args: unknown[]): string | FormData {
  const forms = args.filter((argument) => argument instanceof FormData)
  if (forms.length === 0) return JSON.stringify(args)
  const body = new FormData()
  for (const [index, form] of forms.entries())
    for (const [name, value] of form) body.append(`_${index + 1}_${name}`, value)
  const reference = (argument: unknown) =>
    argument instanceof FormData ? `$K${(forms.indexOf(argument) + 1).toString(16)}` : argument
  body.append('0', JSON.stringify(args.map(reference)))
  return body
}

/**
 * A client outside Postern: plain HTTP with the credentials of a caller.
 * @param onResponse receives a copy of every response
 */
export function outsideClient(url: string, onResponse?: (response: Response) => Promise<void>) {
  const actions = builtActions()
  /** Another address each time, as the configured proxy would tell it. */
  const from = () => ({ 'x-forwarded-for': `198.18.${randomInt(256)}.${randomInt(1, 255)}` })
  const send = async (path: string, init: RequestInit & { headers?: Record<string, string> }) => {
    const headers = { ...from(), ...init.headers }
    const response = await fetch(`${url}${path}`, { ...init, headers, redirect: 'manual' })
    // A stream that has a copy cannot be cancelled.
    if (onResponse) await onResponse(response.clone())
    return response
  }

  const withBearer = ({ bearer }: Caller): Record<string, string> =>
    bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  /** A page accepts a session only; a caller without one sends the bearer token instead. */
  const withCookie = (caller: Caller): Record<string, string> =>
    caller.cookie === undefined ? withBearer(caller) : { cookie: caller.cookie }

  const statuses: Record<number, string> = { 401: 'sign in', 403: 'no', 404: '—', 409: 'late', 422: 'no' }
  const strange = (status: number, text: string) => `${status}: ${text.slice(0, 200)}`

  return {
    url,
    actions,
    send,
    withBearer,
    withCookie,
    /** A call of the API with a bearer token, or with a session, as a page's script makes it, where that is all there is. */
    async api(caller: Caller, method: string, path: string, body?: object) {
      const { bearer, cookie } = caller
      const who = bearer === undefined && cookie !== undefined ? { cookie, origin: url } : withBearer(caller)
      const headers = { ...who, ...(body ? { 'content-type': 'application/json' } : {}) }
      const answer = await send(`/api/v1${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
      const text = await answer.text()
      const json = text ? JSON.parse(text) : {}
      const word = answer.ok ? 'yes' : (statuses[answer.status] ?? strange(answer.status, text))
      const outcome: Outcome = { answer: word, ...(answer.ok ? {} : { sentence: json.detail }) }
      return { ...outcome, json }
    },
    /**
     * A page, with the session's cookie. `html` is empty where there was none to see.
     * @param headers those of Next's router, for the data of the page instead of HTML
     */
    async page(caller: Caller, path: string, headers: Record<string, string> = {}) {
      const init = { headers: { ...withCookie(caller), ...headers } }
      const first = await send(path, init)
      // Next.js redirects its router to an address that caches tell apart.
      const location = first.headers.get('location')
      const answer = location?.includes('_rsc') ? await send(location, init) : first
      const html = await answer.text()
      const isSignIn =
        answer.headers.get('location')?.startsWith('/sign-in') || /url=\/sign-in|NEXT_REDIRECT;\w+;\/sign-in/.test(html)
      if (isSignIn) return { answer: 'sign in', html: '' }
      const word = answer.ok ? 'yes' : (statuses[answer.status] ?? strange(answer.status, html))
      return { answer: word, html: answer.ok ? html : '' }
    },
    /** A server action, as its page posts it. */
    async act(caller: Caller, name: string, args: unknown[]): Promise<Outcome & { result?: Record<string, never> }> {
      const action = actions.find((one) => one.name === name)
      if (!action) throw new Error(`the build has no action ${name}`)
      const headers = { ...withCookie(caller), origin: url, 'next-action': action.id, accept: 'text/x-component' }
      const answer = await send(action.page, { method: 'POST', headers, body: encodeArguments(args) })
      const text = await answer.text()
      const redirect = answer.headers.get('x-action-redirect')
      if (redirect?.startsWith('/sign-in')) return { answer: 'sign in' }
      if (redirect) return { answer: 'yes' }
      const row = text.split('\n').find((line) => line.startsWith('1:'))
      if (!answer.ok || row === undefined) return { answer: strange(answer.status, text) }
      const result = JSON.parse(row.slice(2))
      if (!result?.error) return { answer: 'yes', result }
      if (result.error.code === 'unauthenticated') return { answer: 'sign in' }
      return { answer: 'refused', sentence: result.error.sentence }
    },
  }
}
export type OutsideClient = ReturnType<typeof outsideClient>
