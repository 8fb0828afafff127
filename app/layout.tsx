import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { Clock } from '#components/ui/clock'
import './globals.css'
import { display } from './display.ts'
import { fontVariables } from './fonts.ts'

export const metadata: Metadata = {
  title: { default: 'Postern', template: '%s – Postern' },
  description: 'Just-in-time access to Kubernetes',
  robots: { index: false, follow: false },
  referrer: 'same-origin',
}

export const viewport: Viewport = {
  viewportFit: 'cover',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f2f6f4' },
    { media: '(prefers-color-scheme: dark)', color: '#0b1112' },
  ],
}

/** The root layout. It reads from cookies how this browser shows Postern, so that the first paint already has it. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const { theme, hasSingleKeys, ...times } = await display()
  return (
    <html
      lang="en"
      data-theme={theme === 'system' ? undefined : theme}
      data-single-keys={hasSingleKeys ? undefined : 'off'}
      className={fontVariables}
    >
      <body>
        <Clock now={Date.now()} {...times}>
          {children}
        </Clock>
      </body>
    </html>
  )
}
