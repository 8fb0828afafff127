// Audit events in the Open Cybersecurity Schema Framework (OCSF) 1.5.0, which SIEMs read. What no attribute fits is in `unmapped`,
// so that nothing is lost. Its test validates each type of event against the published schema.
import type { AuditEventResource } from '#lib/core/access/audit-event-resource'
import { type AuditEventType, auditEvents } from './events.ts'

const authentication = { category_uid: 3, class_uid: 3002, class_name: 'Authentication' }
const authorizeSession = { category_uid: 3, class_uid: 3003, class_name: 'Authorize Session' }
const userAccess = { category_uid: 3, class_uid: 3005, class_name: 'User Access Management' }
const apiActivity = { category_uid: 6, class_uid: 6003, class_name: 'API Activity' }

const logon = { ...authentication, activity_id: 1, activity_name: 'Logon' }
const logoff = { ...authentication, activity_id: 2, activity_name: 'Logoff' }
const create = { ...apiActivity, activity_id: 1, activity_name: 'Create' }
const update = { ...apiActivity, activity_id: 3, activity_name: 'Update' }
const remove = { ...apiActivity, activity_id: 4, activity_name: 'Delete' }

/** The class and activity of a type; any other type is an API activity of its own name. */
const classes: Partial<Record<AuditEventType, typeof create>> = {
  'session.started': logon,
  'session.refused': logon,
  'bearer.refused': logon,
  'session.ended': logoff,
  'sessions.ended': logoff,
  'credential.issued': { ...authorizeSession, activity_id: 1, activity_name: 'Assign Privileges' },
  'grant.active': { ...userAccess, activity_id: 1, activity_name: 'Assign Privileges' },
  'grant.ended': { ...userAccess, activity_id: 2, activity_name: 'Revoke Privileges' },
  'request.submitted': create,
  'request.refused': create,
  'grant.object-created': create,
  'grant.object-deleted': remove,
  'grant.stray-deleted': remove,
  'grant.overdue-deleted': remove,
  'request.narrowed': update,
  'grant.repaired': update,
  'policy.loaded': update,
  'policy.refused': update,
}

/** Something in a cluster or the database is not as Postern left it. */
const alarming: readonly string[] = [
  'finding.detected',
  'record.rejected',
  'grant.stray-deleted',
  'grant.repair-failed',
  'activity.suspicious',
]

const userTypes = { person: 1, system: 3, unknown: 0 }

const withoutNull = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined))

const textIn = (data: unknown, field: string): string | undefined => {
  const value = (data as Record<string, unknown> | null)?.[field]
  return typeof value === 'string' ? value : undefined
}

/** One event. @param entitlement what its request is for, if it belongs to one */
export function toOcsf(event: AuditEventResource, entitlement: string | undefined): Record<string, unknown> {
  const { actor, about, type, data } = event
  const known = Object.hasOwn(auditEvents, type) ? classes[type as AuditEventType] : undefined
  const kind = known ?? { ...apiActivity, activity_id: 99, activity_name: type }
  const isFailure = type.endsWith('refused') || type.endsWith('failed')
  const code = textIn(data, 'code')
  const user = withoutNull({ name: actor.name, uid: actor.id, email_addr: actor.email, type_id: userTypes[actor.kind] })
  const holder = about ? { name: about.name, uid: about.id, type_id: 1 } : user
  const resources = event.namespaces.map((namespace) =>
    withoutNull({ name: namespace, type: 'Namespace', namespace: event.cluster }),
  )
  const src_endpoint = event.clientAddress ? { ip: event.clientAddress } : { svc_name: 'Postern' }
  const expires = Date.parse(textIn(data, 'expiresAt') ?? '')
  const privileges = [entitlement ?? 'unknown']
  const ofClass: Record<number, object> = {
    3002: { user, src_endpoint, service: { name: 'Postern' } },
    3003: {
      ...{ actor: { user }, user: holder, src_endpoint, privileges },
      session: withoutNull({ uid: textIn(data, 'jti'), expiration_time: Number.isNaN(expires) ? null : expires }),
    },
    3005: { actor: { user }, user: holder, src_endpoint, privileges, resources },
    6003: { actor: { user }, src_endpoint, resources, api: { operation: type, service: { name: 'Postern' } } },
  }
  return {
    ...kind,
    category_name: kind.category_uid === 3 ? 'Identity & Access Management' : 'Application Activity',
    type_uid: kind.class_uid * 100 + kind.activity_id,
    time: Date.parse(event.at),
    message: `${actor.name} ${event.sentence}`,
    severity_id: alarming.includes(type) ? 4 : isFailure ? 2 : 1,
    status_id: isFailure ? 2 : 1,
    status: isFailure ? 'Failure' : 'Success',
    ...(code ? { status_code: code } : {}),
    ...ofClass[kind.class_uid],
    metadata: withoutNull({
      ...{ version: '1.5.0', product: { name: 'Postern', vendor_name: 'Postern' }, log_name: 'audit events' },
      ...{ uid: event.id, event_code: type, correlation_uid: event.requestId },
    }),
    unmapped: withoutNull({
      ...{ request: event.requestId, grant: event.grantId, entitlement, cluster: event.cluster },
      ...{ policyVersion: event.policyVersion, via: event.via, reference: event.reference },
      ...{ data, before: event.before, after: event.after },
    }),
  }
}
