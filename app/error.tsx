'use client'
import { Failure } from '#components/layout/failure'

type Props = { error: Error & { digest?: string }; reset: () => void }

/** NB: `digest` is also in the server's log line of the same error; the message itself never reaches the browser. */
export default function PageError({ error, reset }: Props) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center px-4">
      <Failure reference={error.digest} retry={reset} />
    </main>
  )
}
