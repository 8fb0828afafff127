import type { FieldError } from './errors.ts'

/** What went wrong with an action: a sentence for its reader, the fields it is about, and a reference to ask about. */
export type ActionError = { sentence: string; errors: FieldError[]; reference: string }

/** Every action that a page calls answers like this. `error` is null where it worked. */
export type ActionResult<T = object> = ({ error: null } & T) | { error: ActionError }
