import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import type { Exceptions } from '#lib/adapters/outbound'
import { env } from '#lib/env'
import { DeliveryFailed } from './channel.ts'
import { post, requireSuccess } from './post.ts'

export type Bucket = {
  bucket: string
  region: string
  endpoint?: string | undefined
  pathStyle: boolean
  prefix: string
  retentionDays: number
}

function addressOf({ bucket, region, endpoint, pathStyle, prefix }: Bucket, key: string): string {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`
  url.pathname = `${pathStyle ? `/${bucket}` : ''}/${prefix}${key}`
  return url.href
}

/**
 * Puts an object that no one can delete or change until its retention has passed, not even the owner of the account
 * (compliance mode). A bucket without object lock refuses it. The same key again adds a version and keeps the earlier one.
 */
export async function putLocked(bucket: Bucket, key: string, text: string, exceptions: Exceptions): Promise<void> {
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = env()
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'POSTERN_S3_SECRET_ACCESS_KEY' : 'POSTERN_S3_ACCESS_KEY_ID'
    throw new DeliveryFailed(`${missing} is not set in the environment of the worker`, { isOfChannel: true })
  }
  const url = addressOf(bucket, key)
  const until = new Date(Date.now() + bucket.retentionDays * 86_400_000)
  const signer = new AwsV4Signer({
    ...{ url, method: 'PUT', service: 's3', region: bucket.region, accessKeyId, secretAccessKey },
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-amz-content-sha256': createHash('sha256').update(text).digest('hex'),
      // S3 stores an object with a retention only if the call has a checksum.
      'x-amz-sdk-checksum-algorithm': 'SHA256',
      'x-amz-checksum-sha256': createHash('sha256').update(text).digest('base64'),
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': until.toISOString(),
    },
  })
  const { headers } = await signer.sign()
  requireSuccess(new URL(url).host, await post(url, Object.fromEntries(headers), text, exceptions, { method: 'PUT' }))
}
