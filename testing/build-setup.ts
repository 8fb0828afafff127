import { ensureProductionBuild } from '#local/parts/production-build'

/** A production build of the sources as they are, for tests that call Postern as a stranger would. */
export default async function setup() {
  await ensureProductionBuild((line) => process.stderr.write(`${line}\n`))
}
