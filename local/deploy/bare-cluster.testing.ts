// Starts a cluster with a real node and prints its folder, for a test that kills this process.
import { openRun } from '#local/processes/processes'
import { deployPrograms, startBareCluster } from './stage.testing.ts'

const programs = await deployPrograms()
const run = await openRun({ name: 'bare-cluster' })
await startBareCluster(run, programs, [])
process.stdout.write(`ready ${run.directory}\n`)
