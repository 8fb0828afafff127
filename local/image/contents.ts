// What the image contains of this checkout, and how it starts. The archive that `npm run image` writes and
// deploy/image/Dockerfile are both made from this.
import { userId } from './base-layer.ts'

export const appFolder = 'app'

/** Each path in /app, and its source in the checkout after `npm run build`. Everything else stays outside. */
export const appContents: Readonly<Record<string, string>> = {
  'server.js': '.next/standalone/server.js',
  'package.json': '.next/standalone/package.json',
  '.next': '.next/standalone/.next',
  '.next/static': '.next/static',
  node_modules: '.next/standalone/node_modules',
  public: 'public',
  'prisma/migrate.mjs': 'prisma/migrate.mjs',
  'prisma/migrations': 'prisma/migrations',
  'postern.mjs': 'deploy/image/postern.mjs',
  LICENSE: 'LICENSE',
}

/** The OCI configuration of a container. deploy/image/Dockerfile says the same in its own words. */
export const containerConfiguration = {
  User: `${userId}:${userId}`,
  ExposedPorts: { '3000/tcp': {} },
  // Kubernetes sets HOSTNAME to the pod's name, and Postern listens on the address that it names.
  Env: ['PATH=/usr/bin', 'NODE_ENV=production', 'NEXT_TELEMETRY_DISABLED=1', 'HOSTNAME=0.0.0.0', 'PORT=3000'],
  Entrypoint: ['/usr/bin/node', `/${appFolder}/postern.mjs`],
  Cmd: ['serve'],
  WorkingDir: `/${appFolder}`,
  StopSignal: 'SIGTERM',
}
