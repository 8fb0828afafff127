// How long may a ServiceAccount token of a grant be valid, and how long do API servers accept it?
import type { EndReason } from '#lib/core/access/status'

/** Kubernetes issues no shorter tokens: "may not specify a duration less than 10 minutes" (TokenRequest validation). */
export const minTokenSeconds = 600

/** NB: never 3607: some API servers take that value as a request for a token that is valid for a year. */
export const maxTokenSeconds = 3600

/**
 * The lifetime to request for a grant with this much time left. A token may outlive its grant because of the minimum;
 * it is useless then, because the grant's objects are deleted.
 */
export const tokenSeconds = (secondsLeft: number): number =>
  Math.max(minTokenSeconds, Math.min(maxTokenSeconds, Math.ceil(secondsLeft)))

/**
 * How long an API server may accept a token after its ServiceAccount was deleted: it caches each accepted token for ten
 * seconds (`TokenSuccessCacheTTL`, which no flag changes), and learns of the deletion a moment later.
 */
export const tokenCacheSeconds = 15

/** The credential plugin has a client come back after at most this long, so that it learns of an extension before its token is refused. */
export const pluginAnswerSeconds = 20

/** How long the tokens of extended access go on working, so that a program that runs has changed to those of the extension. */
export const handOverSeconds = pluginAnswerSeconds + 5

/** How long after an extension began the access that it extends is due to have ended. */
export const supersededSeconds = handOverSeconds + tokenCacheSeconds

/** The default of kube-apiserver's `--authentication-token-webhook-cache-ttl`, in seconds. */
export const webhookCacheSeconds = 120

/**
 * How long an API server may accept a token for which Postern no longer vouches: it calls Postern again when its webhook
 * cache has dropped the answer, and caches what that cache says once more, like every accepted token.
 * @param cacheTtl seconds: the value of its `--authentication-token-webhook-cache-ttl`
 */
export const vouchedCacheSeconds = (cacheTtl: number = webhookCacheSeconds): number => cacheTtl + tokenCacheSeconds

/**
 * For how many seconds after its end began an API server may accept a token of a grant without a ServiceAccount. Postern vouches for one
 * of extended access until programs have changed to tokens of the extension, and only then do the caches run out.
 * @param cacheTtl see `vouchedCacheSeconds`
 */
export const acceptedSeconds = (endedBy: EndReason | null, cacheTtl?: number): number =>
  (endedBy === 'superseded' ? handOverSeconds : 0) + vouchedCacheSeconds(cacheTtl)

/** The lifetime in seconds of a token that Postern signs for a grant with this much time left: never beyond its end. */
export const vouchedTokenSeconds = (secondsLeft: number): number => Math.floor(Math.min(maxTokenSeconds, secondsLeft))
