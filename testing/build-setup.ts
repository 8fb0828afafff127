import { ensureProductionBuild } from '#local/parts/production-build'

/** Builds Postern for production, for tests that call it over the network. */
export default async function setup() {
  await ensureProductionBuild((line) => process.stderr.write(`${line}\n`))
}
