import { afterEach, expect, test, vi } from 'vitest'
import { tracesEndpoint } from '#lib/env'
import { startTraces } from './start-traces.ts'

afterEach(() => vi.unstubAllEnvs())

test('the general OTLP endpoint gets the traces path appended, and the endpoint for traces is used unchanged', () => {
  expect(tracesEndpoint()).toBeUndefined()
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318/')
  expect(tracesEndpoint()).toBe('http://collector:4318/v1/traces')
  vi.stubEnv('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'https://traces.example.com/in')
  expect(tracesEndpoint()).toBe('https://traces.example.com/in')
})

test.each(['http://169.254.169.254:4318', 'http://[fd00:ec2::254]:4318', 'collector:4317', 'not an address'])(
  'with the collector endpoint %s traces are off and nothing is thrown',
  async (endpoint) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint)
    expect(await startTraces()).toBeUndefined()
  },
)
