import { Option } from 'commander'
import { durationArgument } from './durations.ts'

// The options of every command that submits a request.

export const reasonOption = () => new Option('--reason <text>', 'why you need it')
export const ticketOption = () => new Option('--ticket <id>', 'the ticket')
export const forOption = () =>
  new Option('--for <duration>', 'how long, such as 30m or 1h30m (default: as the entitlement says)').argParser(
    durationArgument,
  )
