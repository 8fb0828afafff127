import { InvalidArgumentError, Option } from 'commander'
import { collect } from '../collect.ts'
import { type Extent, grantableNamespace } from './objects.ts'

export type ExtentOptions = { namespace: string[]; podNamespace: string[]; readRights: boolean }

export const kubeconfigOption = () =>
  new Option('--kubeconfig <file>', 'the kubeconfig to use (default: as kubectl does)')

export const contextOption = () => new Option('--context <name>', 'its context (default: the current one)')

/** Reads a number of days, such as 30d. */
export const daysBetween = (least: number, most: number) => (text: string) => {
  const count = /^\d{1,4}d$/.test(text) ? Number.parseInt(text, 10) : Number.NaN
  if (count >= least && count <= most) return count
  throw new InvalidArgumentError(`Expected ${least}d to ${most}d.`)
}

/** The options that say how much Postern may do in a cluster. */
export const extentOptions = () => [
  new Option('--namespace <name>', 'a namespace in which Postern may grant access (repeatable)')
    .argParser(collect)
    .default([], 'none'),
  new Option('--pod-namespace <name>', 'a namespace whose pods guardrails may look at (repeatable)')
    .argParser(collect)
    .default([], 'none'),
  new Option('--no-read-rights', 'do not let Postern read what people can do already'),
]

/** @throws UsageError for a namespace in which Postern never grants access */
export const extentOf = ({ namespace, podNamespace, readRights }: ExtentOptions): Extent => ({
  namespaces: [...new Set(namespace)].map(grantableNamespace),
  podNamespaces: [...new Set(podNamespace)].map(grantableNamespace),
  readRights,
})
