import { z } from 'zod'

// Fields that resources share. A resource is one shape that the API answers and the pages show. Times are RFC 3339 in UTC,
// durations ISO 8601.

export const time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })

export const duration = z.string().meta({ description: 'ISO 8601 duration', format: 'duration' })
