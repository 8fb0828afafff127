import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Measured. The order of all other files makes no difference. */
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

const rank = ({ moduleId }: TestSpecification) => {
  const place = slowest.findIndex((path) => moduleId.endsWith(path))
  return place === -1 ? slowest.length : place
}

/** Starts the slowest files first, so that no file runs alone at the end. */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}
