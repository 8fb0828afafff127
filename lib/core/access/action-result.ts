import type { FieldError } from './errors.ts'

/** Why an action failed: a sentence for the person, the fields it is about, and the reference to quote to support. */
export type ActionError = { sentence: string; errors: FieldError[]; reference: string }

/** The result of every action that a page calls. `error` is null on success. */
export type ActionResult<T = object> = ({ error: null } & T) | { error: ActionError }
