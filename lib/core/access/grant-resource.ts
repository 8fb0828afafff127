import { z } from 'zod'
import { credentialResource } from './credential-resource.ts'
import { findingResource } from './finding-resource.ts'
import { may } from './may.ts'
import { personResource } from './person-resource.ts'
import { probesResource } from './probe-resource.ts'
import { duration, time } from './resource-fields.ts'
import { endReasons, grantStatuses, requestStatuses } from './status.ts'

export const objectResource = z
  .strictObject({
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.string().nullable(),
    createdAt: time.nullable(),
    removedAt: time.nullable(),
  })
  .meta({ id: 'GrantObject' })

export const grantResource = z
  .strictObject({
    id: z.string(),
    requestId: z.string(),
    status: z.enum(grantStatuses),
    title: z.string(),
    holder: personResource,
    cluster: z.string(),
    namespaces: z.array(z.string()),
    duration,
    createdAt: time,
    activatedAt: time.nullable(),
    expiresAt: time.nullable(),
    endingAt: time.nullable(),
    endedAt: time.nullable(),
    endedBy: z.enum(endReasons).nullable(),
    endedByName: z.string().nullable(),
    endNote: z.string().nullable(),
    extends: z.string().nullable().meta({ description: 'The grant that this one extends.' }),
    extension: z
      .strictObject({ requestId: z.string(), status: z.enum(requestStatuses) })
      .nullable()
      .meta({ description: 'The newest request that extends this grant.' }),
    supersededBy: z
      .string()
      .nullable()
      .meta({ description: 'The grant that took its place: use that one from now on.' }),
    lastError: z.string().nullable(),
    attempts: z.int(),
    nextAttemptAt: time.nullable(),
    objects: z.array(objectResource),
    allowedProbes: probesResource.nullable(),
    deniedProbes: probesResource.nullable(),
    credentials: z.array(credentialResource),
    findings: z.array(findingResource),
    can: z.strictObject({ issueCredential: may, revoke: may, release: may, extend: may }),
  })
  .meta({ id: 'Grant' })
export type GrantResource = z.infer<typeof grantResource>
