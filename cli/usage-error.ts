import { CommandFailure, exitCodes } from './exit-codes.ts'

/** Thrown for an option, a file or a server that a command cannot use. The message is for the user. */
export class UsageError extends CommandFailure {
  constructor(message: string) {
    super(exitCodes.usage, message)
  }
}
