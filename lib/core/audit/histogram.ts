/** How many events happened in one part of a time range. Times are RFC 3339. */
export type Bucket = { from: string; to: string; count: number }
