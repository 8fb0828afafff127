import { z } from 'zod'

export const personResource = z
  .strictObject({ id: z.string(), name: z.string(), email: z.string().nullable() })
  .meta({ id: 'Person' })
export type PersonResource = z.infer<typeof personResource>
