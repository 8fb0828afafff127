import { z } from 'zod'
import { personResource } from './person-resource.ts'
import { time } from './resource-fields.ts'

export const credentialResource = z
  .strictObject({
    ...{ id: z.string(), jti: z.string(), person: personResource, issuedAt: time, expiresAt: time },
    void: z
      .boolean()
      .meta({ description: 'No longer valid: its ServiceAccount was deleted, or Postern no longer vouches for it.' }),
  })
  .meta({ id: 'Credential' })

/** The only response that contains a token. */
export const issuedCredentialResource = z
  .strictObject({ token: z.string(), expiresAt: time, jti: z.string(), kubeconfig: z.string() })
  .meta({ id: 'IssuedCredential' })
export type IssuedCredential = z.infer<typeof issuedCredentialResource>
