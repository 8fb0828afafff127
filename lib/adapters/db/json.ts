import type { Prisma } from './generated/client.ts'

/** A value as JSON: without undefined fields, and with dates as text. */
export const toJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as Prisma.InputJsonObject
