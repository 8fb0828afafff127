// The commands of `postern`. Each is loaded only if it is called, so that a short command does not wait for the others.
import type { Command } from 'commander'
import { programName } from './program-name.ts'
import type { Terminal } from './terminal.ts'

/** @param words the words behind `--`, for a command that runs or reads another one; otherwise null */
type Create = (terminal: Terminal, words: readonly string[] | null) => Command

type Entry = {
  name: string
  /** The description of the command, for the list of all. */
  summary: string
  group: 'Access' | 'Approvals' | 'Account' | 'Checks' | 'Administration'
  /** The words behind `--` are another command, not arguments. */
  takesCommand?: true
  /** It looks at all the others, so they are loaded too. */
  needsAll?: true
  load: () => Promise<Create>
}

export const commands: readonly Entry[] = [
  {
    name: 'request',
    summary:
      'Request access: by name, from a refusal on the standard input, for a command behind --, or on a full screen.',
    group: 'Access',
    takesCommand: true,
    load: async () => (await import('./access/request-command.ts')).requestCommand,
  },
  {
    name: 'run',
    summary: 'Run a command; if the cluster forbids it, request the access, wait for it, and run it again.',
    group: 'Access',
    takesCommand: true,
    load: async () => (await import('./kubernetes/run-command.ts')).runCommand,
  },
  {
    name: 'shell',
    summary: 'Open a shell that has the access of a grant, and release the access at its end.',
    group: 'Access',
    load: async () => (await import('./kubernetes/shell-command.ts')).shellCommand,
  },
  {
    name: 'kubeconfig',
    summary: 'Write a kubeconfig context for each of your active grants. Its tokens are fetched when they are needed.',
    group: 'Access',
    load: async () => (await import('./kubernetes/kubeconfig-command.ts')).kubeconfigCommand,
  },
  {
    name: 'credential',
    summary: `Print a token for kubectl and other clients (an exec credential plugin). ${programName} kubeconfig sets it up.`,
    group: 'Access',
    load: async () => (await import('./kubernetes/credential-command.ts')).credentialCommand,
  },
  {
    name: 'ls',
    summary: 'List your requests and access.',
    group: 'Access',
    load: async () => (await import('./access/list-command.ts')).listCommand,
  },
  {
    name: 'show',
    summary: 'Show a request: its terms, risk, decisions and access.',
    group: 'Access',
    load: async () => (await import('./access/show-command.ts')).showCommand,
  },
  {
    name: 'wait',
    summary: 'Wait until the access of a request works.',
    group: 'Access',
    load: async () => (await import('./access/request-command.ts')).waitCommand,
  },
  {
    name: 'extend',
    summary: 'Request more time for access that you have.',
    group: 'Access',
    load: async () => (await import('./access/extend-command.ts')).extendCommand,
  },
  {
    name: 'comment',
    summary: 'Comment on a pending request, as its requester or an approver.',
    group: 'Access',
    load: async () => (await import('./access/comment-command.ts')).commentCommand,
  },
  {
    name: 'withdraw',
    summary: 'Withdraw your own request while it is pending.',
    group: 'Access',
    load: async () => (await import('./access/end-command.ts')).withdrawCommand,
  },
  {
    name: 'release',
    summary: 'End your own access now.',
    group: 'Access',
    load: async () => (await import('./access/end-command.ts')).releaseCommand,
  },
  {
    name: 'check-access',
    summary: 'Show whether a person may do something in a cluster, by which binding, or what to request.',
    group: 'Access',
    load: async () => (await import('./access/check-access-command.ts')).checkAccessCommand,
  },
  {
    name: 'can-i',
    summary: 'Show what a person can do in a namespace, what they can request, and what neither allows.',
    group: 'Access',
    load: async () => (await import('./access/can-i-command.ts')).canICommand,
  },
  {
    name: 'mcp',
    summary: 'Serve tools for an AI agent, by the Model Context Protocol on the standard input and output.',
    group: 'Access',
    load: async () => (await import('./mcp/mcp-command.ts')).mcpCommand,
  },
  {
    name: 'inbox',
    summary: 'Decide the requests that wait for you, on a full screen with keys; or list them.',
    group: 'Approvals',
    load: async () => (await import('./access/list-command.ts')).inboxCommand,
  },
  {
    name: 'approve',
    summary: 'Approve a request. The decision binds to the terms that were shown.',
    group: 'Approvals',
    load: async () => (await import('./access/decide-command.ts')).approveCommand,
  },
  {
    name: 'deny',
    summary: 'Deny a request.',
    group: 'Approvals',
    load: async () => (await import('./access/decide-command.ts')).denyCommand,
  },
  {
    name: 'review',
    summary: 'Record whether break-glass access was justified; without an ID, list what you may review.',
    group: 'Approvals',
    load: async () => (await import('./access/review-command.ts')).reviewCommand,
  },
  {
    name: 'revoke',
    summary: "End another person's access now.",
    group: 'Approvals',
    load: async () => (await import('./access/end-command.ts')).revokeCommand,
  },
  {
    name: 'login',
    summary: 'Sign in to a Postern server, with a browser or with a code.',
    group: 'Account',
    load: async () => (await import('./account/login-command.ts')).loginCommand,
  },
  {
    name: 'logout',
    summary: 'Sign out: end the session at the identity provider, and delete the tokens here.',
    group: 'Account',
    load: async () => (await import('./account/logout-command.ts')).logoutCommand,
  },
  {
    name: 'whoami',
    summary: 'Show who the server thinks you are: identity, groups, roles and sessions; and its version.',
    group: 'Account',
    load: async () => (await import('./account/whoami-command.ts')).whoamiCommand,
  },
  {
    name: 'absence',
    summary: 'Show whether you are out of office, and who is notified instead; set or end it.',
    group: 'Account',
    load: async () => (await import('./account/absence-command.ts')).absenceCommand,
  },
  {
    name: 'contexts',
    summary: 'List the servers you signed in to, or switch to one of them.',
    group: 'Account',
    load: async () => (await import('./account/contexts-command.ts')).contextsCommand,
  },
  {
    name: 'completion',
    summary: 'Print a script that completes commands and options in your shell.',
    group: 'Account',
    needsAll: true,
    load: async () => (await import('./completion/completion-command.ts')).completionCommand,
  },
  {
    name: 'check',
    summary: 'Check Roles, ClusterRoles and bindings in manifests for risky permissions.',
    group: 'Checks',
    load: async () => (await import('./check/command.ts')).checkCommand,
  },
  {
    name: 'policy',
    summary: 'Try out a policy before you deploy it.',
    group: 'Checks',
    load: async () => (await import('./policy/command.ts')).policyCommand,
  },
  {
    name: 'log',
    summary: 'Verify the log of events without trusting the server that keeps it.',
    group: 'Administration',
    load: async () => (await import('./log/command.ts')).logCommand,
  },
  {
    name: 'activity',
    summary: 'Send the audit log of an API server to Postern.',
    group: 'Administration',
    load: async () => (await import('./activity/command.ts')).activityCommand,
  },
  {
    name: 'token',
    summary: 'Look into tokens for Kubernetes.',
    group: 'Checks',
    load: async () => (await import('./token/command.ts')).tokenCommand,
  },
  {
    name: 'cluster',
    summary: 'Prepare a cluster for Postern, check it, and undo it.',
    group: 'Administration',
    load: async () => (await import('./cluster/command.ts')).clusterCommand,
  },
]
