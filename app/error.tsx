'use client'
import { Failure } from '#components/layout/failure'

type Props = { error: Error & { digest?: string }; reset: () => void }

/** NB: the server logs the same `digest` with the error; the error's message never reaches the browser. */
export default function PageError({ error, reset }: Props) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-xl flex-col justify-center px-4">
      <Failure reference={error.digest} retry={reset} />
    </main>
  )
}
