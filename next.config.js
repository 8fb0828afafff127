/** @type {import('next').NextConfig} */
const config = {
  poweredByHeader: false,
  typedRoutes: true,
  outputFileTracingRoot: import.meta.dirname,
  serverExternalPackages: ['@kubernetes/client-node'],
}
export default config
