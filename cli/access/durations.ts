import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '#lib/core/access/duration'

/** `30m`, `1h30m` or `PT30M`, as the API writes it. */
export function durationArgument(text: string): string {
  const iso = /^P/i.test(text) ? text.toUpperCase() : `PT${text.toUpperCase()}`
  if (parseDuration(iso) === undefined) throw new InvalidArgumentError('Use a duration such as 30m, 1h30m or PT30M.')
  return iso
}

const milliseconds = (text: string): number => (parseDuration(durationArgument(text)) ?? 0) * 1000

export const timeoutOption = () =>
  new Option('--timeout <duration>', 'how long to wait').argParser(milliseconds).default(60 * 60_000, '1h')
