import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './testing/slowest-first.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Each layer needs only some real parts: `unit` none, `db` a PostgreSQL, `cluster` and `doors` also a cluster. The tests use
// the parts that POSTERN_PARTS names, or start their own.
// In milliseconds. It only ends tests that hang, even on a slow or busy machine; the bench measures speed.
const testTimeout = 120_000
const quiet = { LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent' }
const onParts = { pool: 'forks' as const, testTimeout, hookTimeout: 240_000, env: quiet }
const notHere = ['**/node_modules/**', '.next/**', '.postern/**', 'e2e/**']

export default defineConfig({
  // Next.js resolves this marker to an empty module on the server; under plain Node.js it throws.
  resolve: { alias: { 'server-only': at('./node_modules/server-only/empty.js') } },
  oxc: { jsx: { runtime: 'automatic' as const } },
  test: {
    // More than a small machine has processors, because tests also wait: for a worker, a sweep, or a token to be refused.
    maxWorkers: 4,
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          env: quiet,
          testTimeout,
          include: ['lib/**/*.test.ts', 'local/**/*.test.ts', 'cli/**/*.test.ts', 'components/**/*.test.{ts,tsx}'],
          exclude: [
            ...notHere,
            '**/*.db.test.ts',
            '**/*.cluster.test.ts',
            '**/*.chaos.test.ts',
            '**/*.doors.test.ts',
            '**/*.keycloak.test.ts',
            '**/*.deploy.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          name: 'db',
          include: ['**/*.db.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/database-setup.ts',
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          // Keycloak takes a minute to start, and only `npm run test:keycloak` runs these.
          name: 'keycloak',
          include: ['lib/**/*.keycloak.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/database-setup.ts',
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          name: 'cluster',
          include: ['**/*.cluster.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/global-setup.ts',
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          // These take minutes, and only `npm run chaos` runs them.
          name: 'chaos',
          include: ['local/chaos/*.chaos.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/global-setup.ts',
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          name: 'doors',
          include: ['app/**/*.test.ts', 'local/image/*.doors.test.ts'],
          exclude: [...notHere, '**/*.db.test.ts', '**/*.cluster.test.ts', '**/*.schemathesis.test.ts'],
          globalSetup: ['testing/build-setup.ts', 'testing/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          // They start a real node, which takes minutes, and only `npm run test:deploy` runs them.
          name: 'deploy',
          include: ['local/{deploy,node}/*.deploy.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/build-setup.ts',
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          ...onParts,
          // Schemathesis takes minutes, and only `npm run test:api-description` runs it.
          name: 'api-description',
          include: ['app/*.schemathesis.test.ts'],
          exclude: notHere,
          globalSetup: ['testing/build-setup.ts', 'testing/global-setup.ts'],
        },
      },
    ],
  },
})
