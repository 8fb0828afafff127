import { runOracle } from './oracle.ts'

// `npm run test:cel`: compares the values of random expressions with those of Kubernetes' CEL.
await runOracle('cel', ['unit', 'lib/core/guardrails/cel/kubernetes'])
