'use client'
import './globals.css'
import { Failure } from '#components/layout/failure'

type Props = { error: Error & { digest?: string }; reset: () => void }

/** Replaces the whole document when even the root layout failed to render. */
export default function GlobalError({ error, reset }: Props) {
  return (
    <html lang="en">
      <body>
        <title>Postern</title>
        <main className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center px-4">
          <Failure reference={error.digest} retry={reset} />
        </main>
      </body>
    </html>
  )
}
