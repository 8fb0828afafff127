import { z } from 'zod'
import { time } from './resource-fields.ts'

const hash = z.string().meta({ description: 'SHA-256, in base64.' })

/** How an event was verified when it was read. */
const verificationStates = ['verified', 'waiting', 'unsigned', 'failed'] as const

export const eventVerification = z
  .strictObject({
    state: z.enum(verificationStates).meta({
      description:
        '`verified`: its leaf matches it and is in the tree of the signed checkpoint. `waiting`: it is not in a checkpoint ' +
        'yet. `unsigned`: checkpoints of this log can’t be verified here, for lack of a key. `failed`: it was changed, or ' +
        'the log was.',
    }),
    sentence: z.string(),
    index: z.int().nullable().meta({ description: 'The place of its leaf in the log, from 0.' }),
    hash: hash.nullable(),
    proof: z.array(hash).meta({ description: 'The inclusion proof of RFC 6962 in the tree of the checkpoint.' }),
    checkpoint: z.string().nullable().meta({ description: 'A signed note (C2SP tlog-checkpoint).' }),
    signedAt: time.nullable(),
    anchors: z
      .array(z.strictObject({ name: z.string(), keptAt: time }))
      .meta({ description: 'The anchors whose newest checkpoint includes this event, and when each received it.' }),
  })
  .meta({ id: 'EventVerification' })
export type EventVerification = z.infer<typeof eventVerification>
