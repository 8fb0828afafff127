/** @type {import('next').NextConfig} */
const config = {
  poweredByHeader: false,
  generateBuildId: () => process.env.POSTERN_BUILD_ID ?? null,
  // The optimizer is off, and its libraries are for one platform only.
  outputFileTracingExcludes: { '*': ['node_modules/@img/**', 'node_modules/sharp/**'] },
  typedRoutes: true,
  outputFileTracingRoot: import.meta.dirname,
  // No page has an image to optimize, and strangers could have Next fetch and convert some: /_next/image is answered 404.
  images: { unoptimized: true },
  // For every browser, the title comes with its page. Next.js would send it later, and after each refresh of a page React would
  // show no title for 300 ms.
  htmlLimitedBots: /.*/,
  serverExternalPackages: ['@kubernetes/client-node'],
  experimental: {
    // No action takes more than a form of a few fields. Before an action or a route reads anything, Next keeps the body
    // for it. lib/api/harden-server.ts has the limits that apply before: this is the longest of them, for audit events.
    serverActions: { bodySizeLimit: '256kb' },
    proxyClientMaxBodySize: '11mb',
  },
}

/**
 * The build also writes .next/standalone, from which the image is made. The server must not know: `next start` would
 * print a warning at each start.
 * @param {string} phase
 * @returns {import('next').NextConfig}
 */
export default (phase) => (phase === 'phase-production-build' ? { ...config, output: 'standalone' } : config)
