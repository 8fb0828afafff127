/** Thrown for an option, a file or a server that a command cannot use. The message is for the user; the exit code is 2. */
export class UsageError extends Error {}
