import type { Prisma } from './generated/client.ts'

/** A value as JSON will hold it: without what is undefined, dates as text. */
export const toJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as Prisma.InputJsonObject
