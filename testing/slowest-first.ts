import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Measured. The order of all other files of these layers makes no difference. */
const slowest = [
  'app/authorization.test.ts',
  'lib/worker/fake-end.cluster.test.ts',
  'local/chaos/kill.cluster.test.ts',
  'lib/worker/traces.cluster.test.ts',
  'lib/worker/undeletable.cluster.test.ts',
  'lib/core/rbac/paste/kubectl.cluster.test.ts',
  'local/chaos/outage.cluster.test.ts',
  'lib/worker/faults.cluster.test.ts',
  'lib/worker/tampering.cluster.test.ts',
]

/** The layers whose files mostly wait. All others keep a processor busy. */
const waiting = ['cluster', 'doors']

const rank = ({ moduleId }: TestSpecification) => {
  const place = slowest.findIndex((path) => moduleId.endsWith(path))
  return place === -1 ? slowest.length : place
}

/** Each file with its place between 0, the first of its list, and 1. */
const placed = (files: TestSpecification[]) =>
  files.map((file, index) => ({ file, place: (index + 1) / (files.length + 1) }))

/**
 * Starts the slowest files first, so that no file runs alone at the end, and spreads the files that wait over the whole run:
 * side by side they would leave the processors idle, and all others would then compete for them.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const all = (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
    const isWaiting = ({ project }: TestSpecification) => waiting.includes(project.name)
    return [...placed(all.filter(isWaiting)), ...placed(all.filter((file) => !isWaiting(file)))]
      .sort((one, other) => one.place - other.place)
      .map(({ file }) => file)
  }
}
