import { spawn } from 'node:child_process'
import type { Terminal } from '../terminal.ts'

type Env = Terminal['env']

/** Can a browser open here? In an SSH session it would open on the other machine, or not at all. */
export function hasBrowser(env: Env, platform: NodeJS.Platform = process.platform): boolean {
  if (env.BROWSER) return true
  if (env.SSH_CONNECTION || env.SSH_TTY) return false
  return platform === 'darwin' || platform === 'win32' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY)
}

/** The program that opens a URL, and its arguments. None of them is a shell, so the URL can't be a command. */
function opener({ BROWSER }: Env, url: string): [string, string[]] {
  if (BROWSER) return [BROWSER.split(':')[0] ?? BROWSER, [url]]
  if (process.platform === 'darwin') return ['open', [url]]
  if (process.platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]]
  return ['xdg-open', [url]]
}

/** Opens a web page. A failure is silent, because the address is also printed. */
export function openBrowser(env: Env, url: string): void {
  if (!/^https?:\/\//.test(url)) return
  const [program, args] = opener(env, url)
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
