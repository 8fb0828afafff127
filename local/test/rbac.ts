import { runOracle } from './oracle.ts'

// `npm run test:rbac`: compares the decisions of lib/core/rbac on random rules with those of the API server.
await runOracle('rbac', ['cluster', 'lib/core/rbac/oracle'])
