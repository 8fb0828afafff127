/** Called once by Next when the server starts, before the first request; not when it builds. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { startProcess } = await import('./instrumentation-node.ts')
  await startProcess()
}
