// Risk family: network traffic.
import { type RiskFamily, rule, write, writeOrDelete } from './entry.ts'

const docs = 'https://kubernetes.io/docs'
const externalAddresses = 'https://github.com/kubernetes/kubernetes/issues/97076'

export const network: RiskFamily = {
  title: 'Network',
  entries: [
    {
      id: 'redirects-services',
      severity: 'medium',
      sentence: 'Can redirect the traffic of a service anywhere, including other namespaces.',
      outlives: 'the changed endpoints',
      source: 'https://github.com/kubernetes/kubernetes/issues/103675',
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: write, groups: ['', 'discovery.k8s.io'], resources: ['endpoints', 'endpointslices'] }],
      example: [rule(['patch'], ['endpointslices'], 'discovery.k8s.io')],
    },
    {
      id: 'writes-services',
      severity: 'medium',
      sentence:
        'Can redirect traffic to other pods, and intercept the traffic of others through external IP addresses.',
      outlives: 'the changed services',
      source: externalAddresses,
      scope: 'namespace',
      isContained: true,
      abilities: [{ verbs: write, groups: [''], resources: ['services', 'services/status'] }],
      example: [rule(['patch'], ['services'])],
    },
    {
      id: 'writes-routes',
      severity: 'medium',
      sentence: 'Can expose services to the outside, and by annotations often change what the ingress controller runs.',
      outlives: 'the changed routes',
      source: `${docs}/concepts/services-networking/ingress/`,
      scope: 'namespace',
      abilities: [
        {
          verbs: write,
          groups: ['networking.k8s.io', 'extensions', 'gateway.networking.k8s.io', 'route.openshift.io'],
          resources: ['ingresses', 'httproutes', 'grpcroutes', 'tcproutes', 'tlsroutes', 'gateways', 'routes'],
        },
      ],
      example: [rule(['patch'], ['ingresses'], 'networking.k8s.io')],
    },
    {
      id: 'opens-network-policies',
      severity: 'medium',
      sentence: 'Can allow traffic that network policies block. Even an additional policy can open connections.',
      outlives: 'the changed policies',
      source: `${docs}/concepts/services-networking/network-policies/`,
      scope: 'namespace',
      isContained: true,
      abilities: [
        { verbs: writeOrDelete, groups: ['networking.k8s.io', 'extensions'], resources: ['networkpolicies'] },
      ],
      example: [rule(['delete'], ['networkpolicies'], 'networking.k8s.io')],
    },
  ],
}
