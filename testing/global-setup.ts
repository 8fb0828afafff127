import { startTestParts } from '#local/parts/parts'

/** Starts all real parts, unless POSTERN_PARTS names running ones. */
export default async function setup() {
  const parts = await startTestParts((line) => process.stderr.write(`${line}\n`))
  return parts.stop
}
