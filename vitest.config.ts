import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Layers, each on as few real parts as it needs. `npx vitest run --project unit` needs none; `db` a PostgreSQL;
// `cluster` and `doors` a cluster besides. What POSTERN_PARTS names is used; otherwise the parts are started here.
const base = {
  // Next resolves the marker to nothing on the server; under plain Node it throws.
  resolve: { alias: { 'server-only': at('./node_modules/server-only/empty.js') } },
  oxc: { jsx: { runtime: 'automatic' as const } },
}
// Milliseconds. It ends what hangs, also on a slow or busy machine; what is slow is for the bench to say.
const testTimeout = 120_000
const quiet = { LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent' }
const onParts = { pool: 'forks' as const, testTimeout, hookTimeout: 240_000, env: quiet }
const notHere = ['**/node_modules/**', '.next/**', '.postern/**', 'e2e/**']

export default defineConfig({
  ...base,
  test: {
    // Two processes: the machine that runs this also runs the database, the cluster and what is under test.
    maxWorkers: 2,
    projects: [
      {
        ...base,
        test: {
          name: 'unit',
          env: quiet,
          testTimeout,
          include: ['lib/**/*.test.ts', 'local/**/*.test.ts', 'cli/**/*.test.ts', 'components/**/*.test.{ts,tsx}'],
          exclude: [...notHere, '**/*.db.test.ts', '**/*.cluster.test.ts', '**/*.chaos.test.ts'],
        },
      },
      {
        ...base,
        test: {
          ...onParts,
          name: 'db',
          include: ['**/*.db.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/database-setup.ts',
        },
      },
      {
        ...base,
        test: {
          ...onParts,
          name: 'cluster',
          include: ['**/*.cluster.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/global-setup.ts',
        },
      },
      {
        ...base,
        test: {
          ...onParts,
          // What takes minutes: only `npm run chaos` runs these.
          name: 'chaos',
          include: ['local/chaos/*.chaos.test.ts'],
          exclude: notHere,
          globalSetup: 'testing/global-setup.ts',
        },
      },
      {
        ...base,
        test: {
          ...onParts,
          name: 'doors',
          include: ['app/**/*.test.ts'],
          exclude: [...notHere, '**/*.db.test.ts', '**/*.cluster.test.ts'],
          globalSetup: ['testing/build-setup.ts', 'testing/global-setup.ts'],
        },
      },
    ],
  },
})
