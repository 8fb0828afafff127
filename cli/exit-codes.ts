// What the exit code of `postern` says. docs/cli.md lists them.

export const exitCodes = {
  ok: 0,
  /** Postern refused it, or a check has findings. */
  refused: 1,
  /** A wrong option, or input that cannot be read. */
  usage: 2,
  notSignedIn: 3,
  /** The server can't be reached, or it failed. */
  unreachable: 4,
  timedOut: 5,
  /** As shells report Ctrl-C. */
  interrupted: 130,
} as const

/** Ends a command. The message is for the user; an empty one prints nothing. */
export class CommandFailure extends Error {
  readonly exitCode: number
  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
