import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { instanceOf, labels, objectName } from '#lib/core/grants/names'
import { type TestDatabase, testParts } from '#testing/database'
import { kubectl } from '#testing/kubectl'

// Counts what happened, from three independent sources: the audit table, the objects in the cluster, and the API server's
// own audit log.

type Event = { grantId: string; type: string; data: { kind?: string; namespace?: string; name?: string; uid?: string } }
type Row = { id: string; status: string; expiresAt: Date | null; leased: boolean }
type Found = { kind: string; namespace: string; name: string; grant: string | undefined }
/** One successful call that created or deleted an object of a grant. */
type ServerCall = { verb: 'create' | 'delete'; resource: string; namespace: string; name: string }

const kinds: Record<string, string> = { serviceaccounts: 'ServiceAccount', roles: 'Role', rolebindings: 'RoleBinding' }

/** Every object in the cluster with the labels of this Postern. */
export async function objectsOf(publicUrl: string): Promise<Found[]> {
  const selector = `${labels.instance}=${instanceOf(publicUrl)}`
  const label = labels.grant.replaceAll('.', '\\.')
  const columns = `K:.kind,S:.metadata.namespace,N:.metadata.name,G:.metadata.labels.${label}`
  const get = ['get', 'sa,role,rolebinding', '-A', '-l', selector, '--no-headers', '-o', `custom-columns=${columns}`]
  const lines = (await kubectl(get)).split('\n').filter(Boolean)
  return lines.map((line) => {
    const [kind = '', namespace = '', name = '', grant] = line.split(/ +/)
    return { kind, namespace, name, grant: grant === '<none>' ? undefined : grant }
  })
}

/** The successful creations and deletions of these grants' objects in the API server's audit log. */
export async function serverCalls(grantIds: ReadonlySet<string>): Promise<ServerCall[]> {
  const names = new Set([...grantIds].map(objectName))
  type Line = {
    verb: string
    stage: string
    objectRef?: { resource?: string; subresource?: string; namespace?: string; name?: string }
    responseStatus?: { code?: number }
  }
  const calls: ServerCall[] = []
  for await (const line of createInterface({ input: createReadStream(testParts().kubernetes.auditLog) })) {
    if (!line.includes('"name":"postern-') || !/"verb":"(create|delete)"/.test(line)) continue
    const { verb, stage, objectRef = {}, responseStatus } = JSON.parse(line) as Line
    const { resource = '', subresource, namespace = '', name = '' } = objectRef
    const isDone = stage === 'ResponseComplete' && (responseStatus?.code ?? 500) < 300
    if (!isDone || subresource || !names.has(name) || !kinds[resource]) continue
    calls.push({ verb: verb as ServerCall['verb'], resource, namespace, name })
  }
  return calls
}

export type Tally = {
  grants: Row[]
  /** Each entry is a sentence about an error. */
  leaked: string[]
  stuck: string[]
  /** Missing and duplicate events, and transitions that the state machine does not allow. */
  wrong: string[]
  /** The number of events of each type. */
  events: Record<string, number>
}

/** The events that each status requires, once each. */
const mustHave: Record<string, string[]> = {
  pending: [],
  active: ['grant.intent-recorded', 'grant.active'],
  ending: ['grant.ending'],
  ended: ['grant.ending', 'grant.ended'],
}
const onceAtMost = ['grant.intent-recorded', 'grant.active', 'grant.ending', 'grant.ended', 'grant.failed']
const order = ['grant.intent-recorded', 'grant.active', 'grant.ending', 'grant.ended']

function wrongEvents({ id, status }: Row, events: readonly Event[]): string[] {
  const wrong: string[] = []
  const count = (type: string) => events.filter((event) => event.type === type).length
  for (const type of onceAtMost) if (count(type) > 1) wrong.push(`${id} has ${type} ${count(type)} times`)
  for (const type of mustHave[status] ?? []) if (count(type) === 0) wrong.push(`${id} is ${status} without ${type}`)
  const moves = events.flatMap(({ type }) => (order.includes(type) ? [order.indexOf(type)] : []))
  if (moves.some((move, index) => move < (moves[index - 1] ?? -1)))
    wrong.push(`${id}: its transitions are out of order`)
  return wrong
}

const textOf = ({ kind, namespace, name }: { kind?: string; namespace?: string; name?: string }) =>
  `${kind} ${namespace}/${name}`

/** Compares the server's log of a grant's objects with the events: each creation and each deletion is in both. */
function wrongObjects(id: string, events: readonly Event[], calls: readonly ServerCall[]): string[] {
  const wrong: string[] = []
  const mine = calls.filter(({ name }) => name === objectName(id))
  for (const [verb, type] of [
    ['create', 'grant.object-created'],
    ['delete', 'grant.object-deleted'],
  ] as const) {
    const recorded = events.filter(
      (event) => event.type === type || (verb === 'delete' && event.type === 'grant.stray-deleted'),
    )
    const keys = new Set([
      ...recorded.map(({ data }) => textOf(data)),
      ...mine.filter((call) => call.verb === verb).map((call) => textOf({ ...call, kind: kinds[call.resource] })),
    ])
    for (const key of keys) {
      const recordedCount = recorded.filter(({ data }) => textOf(data) === key).length
      const doneCount = mine.filter((c) => c.verb === verb && textOf({ ...c, kind: kinds[c.resource] }) === key).length
      if (doneCount !== recordedCount)
        wrong.push(`${id}: ${key}: the server logged ${verb} ${doneCount} times, the events ${recordedCount} times`)
    }
  }
  return wrong
}

/** Compares this Postern's rows and events with its objects in the cluster and the API server's log. */
export async function tally(database: TestDatabase, publicUrl: string): Promise<Tally> {
  const grants = await database.asOwner<Row>(`
    SELECT id, status, expires_at AS "expiresAt", lease_until > now() AS leased FROM grants ORDER BY id`)
  const events = await database.asOwner<Event>(`
    SELECT grant_id AS "grantId", type, data FROM audit_events WHERE grant_id IS NOT NULL ORDER BY seq`)
  const byGrant = Map.groupBy(events, ({ grantId }) => grantId)
  const objects = await objectsOf(publicUrl)
  const calls = Map.groupBy(await serverCalls(new Set(grants.map(({ id }) => id))), ({ name }) => name)

  const byLabel = Map.groupBy(objects, ({ grant }) => grant)
  const live = new Set(grants.flatMap(({ id, status }) => (status === 'ended' ? [] : [id])))
  const leaked = objects.filter(({ grant }) => !grant || !live.has(grant)).map(textOf)
  const wrong: string[] = []
  for (const grant of grants) {
    const mine = byGrant.get(grant.id) ?? []
    wrong.push(...wrongEvents(grant, mine), ...wrongObjects(grant.id, mine, calls.get(objectName(grant.id)) ?? []))
    const has = byLabel.get(grant.id)?.length ?? 0
    if (grant.status === 'active' && has !== 3) wrong.push(`${grant.id} is active with ${has} of its 3 objects`)
  }
  const stuck = grants
    .filter(({ status, expiresAt }) => {
      return status === 'pending' || status === 'ending' || (status === 'active' && expiresAt && expiresAt < new Date())
    })
    .map(({ id, status }) => `${id} is ${status}`)
  const counts: Record<string, number> = {}
  for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1
  return { grants, leaked, stuck, wrong, events: counts }
}
