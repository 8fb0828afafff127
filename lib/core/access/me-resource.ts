import { z } from 'zod'
import { roles } from './actor.ts'

export const meResource = z
  .strictObject({
    id: z.string(),
    issuer: z.string(),
    subject: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    emailVerified: z.boolean(),
    groups: z.array(z.string()),
    roles: z.array(z.enum(roles)),
    /** The claim of the identity provider for each field. */
    claims: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof meResource>
