// The thread that tries out a policy. It reports that it is ready, receives one task, returns one result, and is then
// terminated by try-policy.ts.
import { parentPort } from 'node:worker_threads'
import { judgeOne, replay, type TrialTask } from './trial.ts'

parentPort?.postMessage('ready')
parentPort?.once('message', (task: TrialTask) => {
  const began = performance.now()
  const result = task.kind === 'replay' ? replay(task, () => performance.now() - began) : judgeOne(task)
  parentPort?.postMessage(result)
})
