import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { time } from './resource-fields.ts'

export const credentialResource = z
  .strictObject({
    ...{ id: z.string(), jti: z.string(), person: personResource, issuedAt: time, expiresAt: time },
    void: z.boolean().meta({ description: 'Dead already: the ServiceAccount it was a token of is gone.' }),
  })
  .meta({ id: 'Credential' })

/** The only answer that holds a token. */
export const issuedCredentialResource = z
  .strictObject({ token: z.string(), expiresAt: time, jti: z.string(), kubeconfig: z.string() })
  .meta({ id: 'IssuedCredential' })
export type IssuedCredential = z.infer<typeof issuedCredentialResource>
