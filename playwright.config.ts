import { defineConfig } from '@playwright/test'

// The browser that local/parts/chromium.ts found, started without background traffic.
const executablePath = process.env.POSTERN_CHROMIUM

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  globalSetup: './e2e/global-setup.ts',
  outputDir: '.postern/test-results',
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  // One more than a small machine has processors, because tests also wait for Postern's worker.
  workers: 3,
  // The tests that wait longest start first, so that none of them runs alone at the end.
  projects: [
    { name: 'waits', grep: /@waits/ },
    { name: 'browser', grepInvert: /@waits/ },
  ],
  // Milliseconds. They end what hangs, also on a slow or busy machine.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: process.env.POSTERN_E2E_REPORT ?? '.postern/e2e-report.json' }]],
  use: {
    viewport: { width: 1280, height: 800 },
    // A trace takes a picture of each page at each step, which a fifth of the processor time went to. For one failing test:
    // `--trace retain-on-failure`.
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
