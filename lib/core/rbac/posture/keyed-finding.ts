import type { PostureFinding } from '#lib/core/access/posture-finding'

/**
 * `key` identifies it in its cluster, for as long as the binding has the problem. `digest` is of everything that it says, so
 * that whoever accepts it accepts exactly that: another subject or permission is another digest.
 */
export type KeyedFinding = { key: string; digest: string; finding: PostureFinding }
