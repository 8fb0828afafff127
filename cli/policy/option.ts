import { Option } from 'commander'

/** Left out, the file that the server would read. */
export const policyOption = () =>
  new Option('--policy <file>', 'the postern.yaml whose guardrails count').env('POSTERN_CONFIG')
