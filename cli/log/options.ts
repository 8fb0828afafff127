import { Option } from 'commander'

export type ServerOptions = { server?: string; token?: string }

export const serverOption = () => new Option('--server <url>', 'URL of the Postern server').env('POSTERN_SERVER')
export const tokenOption = () =>
  new Option('--token <token>', 'bearer token of an auditor (safer in the environment)').env('POSTERN_TOKEN')
