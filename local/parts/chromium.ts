import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from '@playwright/test'
import type { Say } from '#local/processes/steps'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    // Chromium from a snap cannot read the checkout or the temporary folder.
    return !realpathSync(file).startsWith('/usr/bin/snap')
  } catch {
    return false
  }
}

function findInstalled(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...applications].find(isProgram)
}

function runQuietly(program: string, args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
}

/**
 * The path of a Chromium for tests and screenshots. Installs one if there is none: Debian's package when running as
 * root on Debian, otherwise the one that Playwright publishes.
 */
export async function findChromium(say: Say): Promise<string> {
  const existing = findInstalled()
  if (existing) return existing
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('installing the package chromium with apt-get')
    const install = ['install', '--yes', '--no-install-recommends', 'chromium']
    if (runQuietly('apt-get', ['update', '--quiet']) && runQuietly('apt-get', install)) {
      const installed = findInstalled()
      if (installed) return installed
    }
  }
  const own = chromium.executablePath()
  if (existsSync(own)) return own
  say('downloading the Chromium that Playwright publishes')
  if (
    !runQuietly(process.execPath, [
      join(import.meta.dirname, '../../node_modules/.bin/playwright'),
      'install',
      'chromium',
    ])
  ) {
    throw new Error('Chromium is not installed and could not be downloaded. Install Chromium or Google Chrome.')
  }
  return own
}
