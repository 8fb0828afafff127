import { Option } from 'commander'

/** The same variable tells the server where its policy is. */
export const policyOption = () =>
  new Option('--policy <file>', 'the policy (postern.yaml) to use').env('POSTERN_CONFIG')
