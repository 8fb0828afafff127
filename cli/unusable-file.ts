/** A file or option that a command needs and that is wrong: the message is for whoever called it, and the exit code is 2. */
export class UnusableFile extends Error {}
