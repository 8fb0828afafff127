// All commands of kubectl, by name.
import { fileCommands } from './kubectl-files.ts'
import { nodeCommands } from './kubectl-nodes.ts'
import { objectCommands } from './kubectl-objects.ts'
import { podCommands } from './kubectl-pods.ts'
import type { Line, Need } from './kubectl-target.ts'

export const kubectlNeeds: Record<string, (line: Line) => Need[]> = {
  ...objectCommands,
  ...fileCommands,
  ...podCommands,
  ...nodeCommands,
}
