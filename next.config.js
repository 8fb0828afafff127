/** @type {import('next').NextConfig} */
const config = {
  poweredByHeader: false,
  typedRoutes: true,
  outputFileTracingRoot: import.meta.dirname,
  // No page has an image to optimize, and strangers could have Next fetch and convert some: /_next/image is answered 404.
  images: { unoptimized: true },
  serverExternalPackages: ['@kubernetes/client-node'],
  experimental: {
    // No action takes more than a form of a few fields. Before an action or a route reads anything, Next keeps the body
    // for it: a little more than the API takes (256 KiB), so that the API itself says what is too large.
    serverActions: { bodySizeLimit: '256kb' },
    proxyClientMaxBodySize: '320kb',
  },
}
export default config
