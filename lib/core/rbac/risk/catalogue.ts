// Every known way in which Kubernetes permissions are dangerous, in the order in which people should read them.
import { certificateRights } from './certificates.ts'
import type { RiskFamily } from './entry.ts'
import { guards } from './guards.ts'
import { identity } from './identity.ts'
import { machinery } from './machinery.ts'
import { network } from './network.ts'
import { rbacObjects } from './rbac-objects.ts'
import { workloads } from './workloads.ts'

export const families: readonly RiskFamily[] = [
  rbacObjects,
  identity,
  certificateRights,
  workloads,
  machinery,
  guards,
  network,
]

export const catalogue = families.flatMap((family) => family.entries)
