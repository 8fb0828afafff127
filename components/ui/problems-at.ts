import type { Violation } from '#lib/core/access/verdict-resource'

/** The problems of one field, from violations or field errors with RFC 6901 pointers. */
export const problemsAt = (field: string, all: (Violation | { pointer: string; message: string })[]): string[] =>
  all
    .filter((one) => one.pointer === `/${field}` || one.pointer.startsWith(`/${field}/`))
    .map((one) => ('sentence' in one ? one.sentence : one.message))
