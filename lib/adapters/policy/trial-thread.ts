// The thread in which a policy is tried. It says when it is ready, gets one task, answers once, and is ended by whoever started it.
import { parentPort } from 'node:worker_threads'
import { judgeOne, replay, type TrialTask } from './trial.ts'

parentPort?.postMessage('ready')
parentPort?.once('message', (task: TrialTask) => {
  const began = performance.now()
  const answer = task.kind === 'replay' ? replay(task, () => performance.now() - began) : judgeOne(task)
  parentPort?.postMessage(answer)
})
