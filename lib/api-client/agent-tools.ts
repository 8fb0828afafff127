// What an agent may do through Postern: read what its person may read, and submit requests for them. NB: no tool approves,
// denies, issues a credential, or ends access. Add none that does: an agent reads text of other people, and may follow it.
import { z } from 'zod'
import type { CallApi } from './api-call.ts'
import { eitherId, requestOf } from './request-of.ts'
import {
  auditEvents,
  entitlements,
  explanation,
  paste,
  preview,
  requestInFull,
  requestPage,
  request as requestShape,
  submitted,
} from './shapes.ts'

export type Caller = {
  /** Calls the API with the token of the agent’s person. */
  call: CallApi
  /** The URL of the server for browsers. */
  server: string
  /** The agent, by its own word. */
  agent: string
  /** The agent no longer waits for the result. */
  interrupt: AbortSignal
}

type Tool<Input extends z.ZodRawShape> = {
  title: string
  description: string
  /** Only reads. */
  isReadOnly: boolean
  input: Input
  run(input: z.output<z.ZodObject<Input>>, caller: Caller): Promise<unknown>
}

const define = <Input extends z.ZodRawShape>(tool: Tool<Input>): Tool<Input> => tool

const requestId = z
  .string()
  .regex(eitherId, 'must be req_ or grt_ and 26 characters')
  .describe('The id of a request or of its grant: req_… or grt_…')

const submission = {
  entitlement: z.string().describe('The name of an entitlement, from list_entitlements or read_refusal'),
  cluster: z.string(),
  namespaces: z.array(z.string()).min(1),
  rules: z
    .array(
      z.object({
        apiGroups: z.array(z.string()).describe('"" is the core group'),
        resources: z.array(z.string()),
        verbs: z.array(z.string()),
        resourceNames: z.array(z.string()).optional(),
      }),
    )
    .optional()
    .describe('Only for entitlements whose kind is ceiling: the least permissions that the task needs'),
  reason: z.string().describe('Why the access is needed, for the people who approve it. Say what you will do with it.'),
  ticket: z.string().optional(),
  duration: z.string().optional().describe('ISO 8601, such as PT30M. By default that of the entitlement'),
  startsAt: z.string().optional().describe('RFC 3339. By default once it is approved'),
}

type Submission = z.output<z.ZodObject<typeof submission>>

async function bodyOf({ duration, ...rest }: Submission, { call, agent }: Caller) {
  if (duration) return { ...rest, duration, agent }
  const { items } = await call({ path: '/entitlements', response: entitlements })
  const found = items.find(({ name }) => name === rest.entitlement)
  return { ...rest, duration: found?.defaultDuration ?? 'PT30M', agent }
}

const read = (id: string, { call, interrupt }: Caller, wait = '') =>
  call({ path: `/requests/${id}${wait}`, response: requestShape, timeoutMs: 60_000, interrupt })

/** A request without what its reader may do with it: an agent does none of that. */
function forAgent<T extends { id: string; can: unknown }>({ can: _, ...request }: T, { server }: Caller) {
  return { ...request, page: new URL(`/requests/${request.id}`, server).href }
}

/** Programs that call tools usually give up after a minute. */
const longestWaitSeconds = 50

export const tools = {
  list_entitlements: define({
    title: 'List entitlements',
    description: 'The access that your person may request, and the clusters and namespaces in which it exists.',
    isReadOnly: true,
    input: {},
    run: async (_, { call }) => (await call({ path: '/entitlements', response: entitlements })).items,
  }),
  read_refusal: define({
    title: 'Read a refusal',
    description:
      'What a refused command needs, which entitlements would allow it, and which of your person’s own access allows it already. ' +
      'Pass the output of kubectl that says "forbidden", or the command itself.',
    isReadOnly: true,
    input: {
      text: z.string().min(1).max(60_000),
      cluster: z.string().optional().describe('The cluster, if it is known'),
      namespace: z.string().optional().describe('The namespace of a command that names none'),
    },
    run: (input, { call }) => call({ path: '/paste', body: input, response: paste }),
  }),
  preview_request: define({
    title: 'Preview a request',
    description:
      'Whether a request would be accepted, who would have to approve it, what would be new, and its risk. Submits nothing.',
    isReadOnly: true,
    input: { ...submission, reason: submission.reason.optional() },
    run: async (input, caller) => {
      const body = await bodyOf({ ...input, reason: input.reason ?? '' }, caller)
      return caller.call({ path: '/requests/preview', body, response: preview })
    },
  }),
  submit_request: define({
    title: 'Submit a request',
    description:
      'Requests access for your person. It is marked as submitted by an agent, and people who approve it see that. Request ' +
      'the least that the task needs. Then call wait_for_request.',
    isReadOnly: false,
    input: submission,
    run: async (input, caller) => {
      const body = await bodyOf(input, caller)
      const { id } = await caller.call({ path: '/requests', body, response: submitted, isKeyed: true })
      return forAgent(await read(id, caller), caller)
    },
  }),
  get_request: define({
    title: 'Get a request',
    description: 'A request with its terms, status, decisions and access.',
    isReadOnly: true,
    input: { id: requestId },
    run: async ({ id }, caller) => {
      const path = `/requests/${await requestOf(caller.call, id)}`
      return forAgent(await caller.call({ path, response: requestInFull }), caller)
    },
  }),
  wait_for_request: define({
    title: 'Wait for a request',
    description:
      'Waits while a request is undecided or its access is being created, then returns its state. If that has not changed, call ' +
      'it again. Once its grant is active, the person’s own kubectl can use it: postern run -- kubectl … or postern kubeconfig.',
    isReadOnly: true,
    input: { id: requestId, seconds: z.int().min(1).max(longestWaitSeconds).default(longestWaitSeconds) },
    run: async ({ id, seconds }, caller) => {
      const request = await requestOf(caller.call, id)
      return forAgent(await read(request, caller, `?wait=PT${seconds}S`), caller)
    },
  }),
  list_requests: define({
    title: 'List requests',
    description: 'Your person’s own requests, newest first, with their access.',
    isReadOnly: true,
    input: {
      status: z.enum(['pending', 'approved', 'denied', 'withdrawn', 'lapsed']).optional(),
      limit: z.int().min(1).max(50).default(10),
    },
    run: async ({ status, limit }, caller) => {
      const query = new URLSearchParams({ role: 'mine', limit: String(limit), ...(status ? { status } : {}) })
      const { items } = await caller.call({ path: `/requests?${query}`, response: requestPage })
      return items.map((item) => forAgent(item, caller))
    },
  }),
  explain_access: define({
    title: 'Explain access',
    description:
      'Whether your person may do something in a cluster, by which binding and role, or what to request for it.',
    isReadOnly: true,
    input: {
      cluster: z.string(),
      verb: z.string().describe('As in Kubernetes: get, list, patch …'),
      resource: z.string().describe('The plural name, such as deployments'),
      group: z.string().default('').describe('The API group, such as apps; empty for the core group'),
      subresource: z.string().default('').describe('Such as log or scale'),
      name: z.string().default(''),
      namespace: z.string().default('').describe('Empty for the whole cluster'),
    },
    run: (input, { call }) => call({ path: `/access/explain?${new URLSearchParams(input)}`, response: explanation }),
  }),
  search_history: define({
    title: 'Search the history',
    description:
      'Events about requests and access, newest first, as far as your person may read them: who requested, approved and ended what.',
    isReadOnly: true,
    input: {
      text: z
        .string()
        .min(1)
        .max(320)
        .optional()
        .describe('Words of the reason, ticket, entitlement or rules, or the name of who acted'),
      request: z.string().optional().describe('The id of a request: req_…'),
      cluster: z.string().optional(),
      namespace: z.string().optional(),
      from: z.string().optional().describe('RFC 3339'),
      to: z.string().optional().describe('RFC 3339'),
      limit: z.int().min(1).max(100).default(20),
    },
    run: async ({ limit, ...filter }, { call }) => {
      const given = Object.entries(filter).filter(([, value]) => value !== undefined)
      const query = new URLSearchParams({
        ...(Object.fromEntries(given) as Record<string, string>),
        limit: String(limit),
      })
      return (await call({ path: `/audit-events?${query}`, response: auditEvents })).items
    },
  }),
}
