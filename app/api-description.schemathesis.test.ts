import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bearerToken } from '#local/parts/sign-in'
import { checkout } from '#local/processes/places'
import { ensureSchemathesis } from '#local/programs/schemathesis'
import { aConfiguration, anEntitlementDocument } from '#testing/configuration'
import { aClusterState } from '#testing/requests'
import { servedPostern } from '#testing/served'

const schemathesis = ensureSchemathesis((line) => process.stderr.write(`${line}\n`))
const missing = 'missing' in schemathesis ? schemathesis.missing : undefined
if (missing) process.stderr.write(`NOT CHECKED: the description of the API. ${missing}\n`)
/** Its runs take minutes on a busy machine. */
const timeout = 30 * 60_000

test.skipIf(missing)(
  'Schemathesis finds no call that the API’s description allows and the API refuses, nor the reverse',
  { timeout },
  async () => {
    if (!('program' in schemathesis)) return
    const served = await servedPostern({
      entitlements: [anEntitlementDocument(), anEntitlementDocument({ name: 'automatic', approvals: [] })],
      roles: aConfiguration().roles,
    })
    afterAll(served.stop)
    await aClusterState()
    const token = await bearerToken(served.tokenSource, 'mina')
    const config = join(checkout, 'local/schemathesis/schemathesis.toml')
    const args = [`--config-file=${config}`, '--no-color', 'run', `${served.url}/api/v1/openapi.json`]
    const child = spawn(schemathesis.program, args, {
      env: { ...process.env, POSTERN_TOKEN: token },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(served.log().match(/"level":"(error|fatal)".*/g) ?? []).toEqual([])
  },
)
