import { contentHash } from '#lib/core/access/content-hash'

/** Longer texts are cut. Kubernetes has no limit for the names of roles and bindings. */
export const longestText = 300

/** Text of a cluster as it can be stored: PostgreSQL accepts no NUL and no half of a surrogate pair. */
export const stored = (text: string): string => text.slice(0, longestText).replaceAll('\0', '\ufffd').toWellFormed()

/** The same for a text that tells findings apart: two long names that begin alike stay two. */
export const storedKey = (text: string): string => {
  const kept = stored(text)
  return kept === text ? kept : `${kept} ${contentHash(JSON.stringify(text))}`
}
