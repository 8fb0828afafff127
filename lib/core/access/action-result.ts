import type { ErrorCode, FieldError } from './errors.ts'

/** Why an action failed: a code, a sentence for the person, the fields it is about, and the reference to quote to support. */
export type ActionError = { code: ErrorCode; sentence: string; errors: FieldError[]; reference: string }

/** The result of every action that a page calls. `error` is null on success. */
export type ActionResult<T = object> = ({ error: null } & T) | { error: ActionError }

/** The answer to a submitted form. After an error, `kept` holds what was typed, for a browser without scripts. */
export type FormAnswer<Kept = object> = { error: ActionError | null; kept: Partial<Kept> }

/** A server action that handles a form, with or without scripts. */
export type FormAction<Kept = object> = (previous: FormAnswer<Kept>, form: FormData) => Promise<FormAnswer<Kept>>
