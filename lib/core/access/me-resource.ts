import { z } from 'zod'
import { roles } from './actor.ts'
import { groupsProblems } from './learn-groups.ts'
import { time } from './resource-fields.ts'

export const meResource = z
  .strictObject({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    /** The name that the person signs in with. */
    username: z.string().nullable(),
    groups: z.array(z.string()),
    /** Why the identity provider's newest answer had no list of groups; null if it had one. */
    groupsProblem: z.enum(groupsProblems).nullable(),
    roles: z.array(z.enum(roles)),
    /** The claim of the identity provider for each field. */
    claims: z.record(z.string(), z.string()),
    /** The version of the server. */
    version: z.string(),
    /** The browsers in which the person is signed in, newest first. NB: never an id, which is a part of the cookie. */
    sessions: z.array(
      z
        .strictObject({ startedAt: time, expiresAt: time, clientAddress: z.string().nullable() })
        .meta({ id: 'Session' }),
    ),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof meResource>
