// docs/cli.md: how to use the command, and its own help in full. A test compares the page with it.
import { Writable } from 'node:stream'
import { exitCodes } from '../../cli/exit-codes.ts'
import { program } from '../../cli/postern.ts'

type Command = Awaited<ReturnType<typeof program>>

const opening = `# The postern command

Request access, approve it, use it and end it without leaving the terminal, and check manifests and policies in CI.

## Install

\`node local/package/build.ts\` in a checkout of Postern builds the npm package into \`.postern/package\`, with every library that it
needs in it, for Node.js 20 or newer. \`npm install -g .postern/package\` installs it; so does the archive that \`npm pack\` makes of it. The same program is
also called \`kubectl-postern\`, so \`kubectl postern …\` works, and \`kubectl_complete-postern\`, by which kubectl's own completion covers it. \`postern completion\`
prints a script for bash, zsh or fish.

Where there is no Node.js, use a single executable: \`node local/package/executable.ts\` builds \`postern-linux-amd64\`, \`postern-linux-arm64\` and
\`postern-windows-amd64.exe\` into \`.postern/executables\`, each with its SHA-256 checksum beside it. They contain the Node.js that Postern itself runs on; on Linux
they need the C and C++ libraries of the system. The one for Windows was never started: tests read only its format and its contents. It is not signed, so Windows
may warn before it runs it. There is none for macOS, because no npm package has this Node.js for it: use the npm package there.
The same source always becomes the same bytes, so anyone can verify a build. An executable ignores \`NODE_OPTIONS\`.

\`node local/package/krew.ts URL HOMEPAGE\` also packs them, and writes a manifest for krew, the plugin manager of kubectl, with their checksums and their
addresses below the URL where you put the archives. krew also installs the plugin from the files themselves, with \`--manifest\` and \`--archive\`. It makes no
link for the completion; \`postern completion --help\` has the command for it.

Only the files of the command that is called are read. On a busy machine with two processors and Node.js 24, \`postern --version\` needed 50 ms of
processor time and the plugin 70 ms for a token that it has already, of which Node.js itself needs 30 ms (the fastest of 15 runs each). \`postern --version\` of a single executable needed 40 ms.

## Sign in

\`postern login https://postern.example.com\` opens a browser, with PKCE on a loopback address. Without a display, in an SSH session and
with \`--device\` it shows a code to enter on any device, if the identity provider supports that. The administrator of the server sets up a public client
for this at the provider, and names it as \`identity.cli\` in \`postern.yaml\` ([Identity providers](identity-providers.md)).

The refresh token is in the keyring of the system: the Secret Service of Linux (GNOME Keyring, KWallet), the Keychain of macOS or the Credential Manager of
Windows. The access token, which is short-lived, is in a file that only its owner can read. Where there is no keyring, on a server, in a container or in CI, the
refresh token is in that file too, and \`postern login\` says why; the same with \`POSTERN_KEYRING=off\`. \`postern whoami\` says where it is. The keyring
needs \`@napi-rs/keyring\`, an optional dependency of the npm package; a single executable can't carry it.

The tokens are renewed as long as the provider permits it; \`postern logout\` revokes them there and deletes them here. \`postern contexts\` lists several servers
and switches between them.

Machines set \`POSTERN_SERVER\` and \`POSTERN_TOKEN\`, a bearer token of the provider for the API. It is never stored, and there is no option for it,
because other people on a machine can read the arguments of a process. \`POSTERN_TOKEN_FILE\` names a file with such a token instead. It is read again for
each call, so a pipeline can run \`postern request … --wait\` for longer than one token lives, if something renews the file.

## When kubectl is forbidden

\`\`\`sh
postern run -- kubectl rollout restart deployment/api -n payments
\`\`\`

runs the command. If the cluster forbids it, it finds the entitlement that would allow it, asks you for a reason, submits the request, waits
until the access works, and runs the same command again. Access that you have already is used at once. The command is not changed: it
gets the access by \`KUBECONFIG\`, so \`helm\`, \`k9s\`, \`stern\` and other programs that read this variable work too.

The same in steps, from a refusal or for a command that you did not run yet:

\`\`\`sh
kubectl get pods -n payments 2>&1 | postern request --reason "checkout is down" --connect
postern request --dry-run -- kubectl rollout restart deployment/api -n payments
\`\`\`

\`--dry-run\` shows the verdict, the approvers, the permissions that are new to you, and the objects. \`--wait\` waits; Ctrl-C then leaves the request open.
\`--connect\` also writes a kubeconfig context and switches to it. \`--watch\` prints a line for each change instead, until the access has ended; so does
\`postern show ID --watch\`, at any time.

## Kubeconfig

\`postern kubeconfig\` writes one context for each of your active grants into the first file of \`KUBECONFIG\`, or \`~/.kube/config\`. The file is replaced
as a whole, its old text is in \`….postern-backup\`, and kubectl's own lock is respected. There is no token in it: kubectl runs
\`postern credential\` when it needs one. The token is kept until shortly before it expires, in \`XDG_RUNTIME_DIR\` if the system has it, which is in memory.

When the access is over, the next \`kubectl\` says why and what to run:

\`\`\`text
Restart payment services ended at 20:40: it was revoked by Priya Raman: enough now. To request it again: postern request --again req_… --wait
\`\`\`

\`postern extend\` requests more time. The extension is a grant of its own, but kubeconfigs need no change: the plugin follows it. Programs that
use the plugin are refused nothing, even while they run: the plugin has them ask again after 20 seconds at most, and the token of the extended access
works for 25 seconds after the extension began. That token never works past the end that its own approval set, so an extension should be approved at
least 25 seconds before that. An open call, such as \`kubectl logs -f\`, goes on. A program that was given a token itself, such as one with a kubeconfig
that was downloaded from a page, gets *Unauthorized* once the token is refused, and needs a new one.

A token is used for at most ten seconds without a look at its grant; so for as long, a command may show *Unauthorized* or *Forbidden* without the reason after
a revocation.

Each grant has a ServiceAccount of its own in the cluster, so a context has the access of one grant. With several grants in one cluster,
choose one by its context. A stream that is open when the access ends stays open until it is closed.

## Approve

\`postern inbox\` shows what waits for your decision on the whole terminal: the requests, the most urgent first, and under them the terms of the selected
one: who, what, where, for how long, the risks, the permissions that are new to the requester, the reason, and the approvals so far. Its keys:

| Key | What it does |
|---|---|
| \`j\`, \`k\`, arrows | select a request, or scroll an open one |
| Space, \`b\` | scroll by a page |
| Enter, Esc | open the request alone, and go back |
| \`a\` | approve, with an optional note; at high risk also type \`yes\` |
| \`d\` | deny, with the reason |
| \`/\` | search; every word must occur in the request |
| \`r\`, \`?\`, \`q\` | refresh, help, quit |

A request can be decided when all of its terms have been on the screen, and the decision binds to the digest that was there. If the terms have changed, or
someone else has decided, Postern refuses, and the request is shown again. Pasted text presses no keys. 80×24 is enough. Without a terminal, and with \`--output\` or
\`--limit\`, it prints a list.

\`postern approve\` shows the terms, needs a confirmation, and binds the decision to the digest of what it showed. In
a script, name the digest that was read: \`postern approve ID --digest sha256:…\`. If the terms have changed since, Postern refuses.

## Check access and reviews

\`postern check-access patch deployments.apps -n payments\` says whether you may do that, by which bindings and roles, or what to request.
Auditors and admins check someone else with \`--as\`. The exit code is 0 if it is allowed and 1 if it is not. \`postern can-i -n payments\` shows a table for
the whole namespace: what you can do, what you can request, and what neither allows.

\`postern review\` lists the break-glass access that waits for your review, and with \`--state reviewed\` the access that has one.
\`postern review ID --outcome justified --note "…"\` records a review. \`postern token inspect --current\` says why a cluster
would answer 401 to the token that kubectl uses now: expired, of another audience, or not valid yet by this machine's clock. It calls the plugin of the current
context as kubectl does. With a file it reads the tokens in that, and calls no plugin.

## AI agents

\`postern mcp\` is a server of the Model Context Protocol on the standard input and output. An agent on your machine starts it with your sign-in:

\`\`\`json
{ "mcpServers": { "postern": { "command": "postern", "args": ["mcp"] } } }
\`\`\`

An agent that can't start a program calls the same tools at the server, by streamable HTTP, and signs you in at your identity provider
([Sign-in of agents](identity-providers.md#sign-in-of-agents-over-http)):

\`\`\`json
{ "mcpServers": { "postern": { "type": "http", "url": "https://postern.example.com/api/mcp" } } }
\`\`\`

The tools read a refusal, list entitlements and your requests, preview and submit a request, wait for it, explain access and search the history, all
with what you may read. No tool approves, denies, extends, ends access or shows a credential; a grant is used as always, by \`kubectl\` and the
plugin. A request is marked: *An agent (name) for you* is in its headline, the inbox, the notices and the history, and in the digest that an
approval binds to. Guardrails can limit it by \`request.via\` ([Guardrails](guardrails.md)).

The name is what the agent calls itself. Postern can't verify it, and an agent that may run commands can call \`postern request\` instead, as you. So treat the
mark as information, and limit by guardrails what may be requested without a session of the pages. Results are JSON in one marked block, so that text
from people in it can't look like something else; whether an agent follows such text anyway is up to the agent.

## Exit codes

| Code | Meaning |
|---|---|
| ${exitCodes.ok} | It worked. |
| ${exitCodes.refused} | Postern refused it, or a check has findings. |
| ${exitCodes.usage} | A wrong option, or input that cannot be read. |
| ${exitCodes.notSignedIn} | Not signed in, or the sign-in is no longer valid. |
| ${exitCodes.unreachable} | The server can't be reached, or it failed. |
| ${exitCodes.timedOut} | The time was up before the access was active, or before anyone signed in. |
| ${exitCodes.interrupted} | Ctrl-C while it waited. |

\`postern run\` and \`postern shell\` have the exit code of the command that they run.

## Output

\`-o json\` and \`-o yaml\` print what the API returned, \`-o name\` only ids. Commands that change a request, such as
\`approve\` and \`revoke\`, print it as it is afterwards. JSON and YAML are in ASCII. What the program says beside a result goes to
the error output. Colours and a changing line appear only on a terminal, and colours not if \`NO_COLOR\` is set. Text from a server is never printed as
it is: characters that control a terminal, or hide or reorder text, are shown as code points. A response above 16 MB is refused.

## Environment and files

| Name | Meaning |
|---|---|
| \`POSTERN_SERVER\`, \`POSTERN_CONTEXT\` | the server, by its URL or by its name here |
| \`POSTERN_TOKEN\`, \`POSTERN_TOKEN_FILE\` | a bearer token, or a file with one, instead of a sign-in |
| \`POSTERN_KEYRING=off\` | the refresh token is in a file, not in the keyring of the system |
| \`POSTERN_HOME\` | one folder for everything below |
| \`~/.config/postern\` (\`XDG_CONFIG_HOME\`) | servers and tokens, without the refresh tokens that are in the keyring |
| \`XDG_RUNTIME_DIR/postern\`, or \`~/.cache/postern\` | tokens of grants |
| \`NODE_EXTRA_CA_CERTS\` | a file with your own certificate authority |
`

const closing = `
The reference is the program's own help. To update this page, run \`npx vitest run --project unit local/docs/cli-reference -u\`.
`

/** The help of a command, as \`postern COMMAND --help\` prints it. */
function helpOf(command: Command | Command['commands'][number]): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return text.trim()
}

function sectionsOf(command: Command['commands'][number], path: string): string[] {
  const own = `### ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`
  return [own, ...command.commands.flatMap((inner) => sectionsOf(inner, `${path} ${inner.name()}`))]
}

export async function cliReference(): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const stdin = (async function* () {})()
  const root = await program({ stdin, stdout: nowhere, stderr: nowhere, env: {} }, [], () => true)
  const overview = `\n## Reference\n\n\`\`\`text\n${helpOf(root)}\n\`\`\`\n`
  const sections = root.commands.flatMap((command) => sectionsOf(command, `postern ${command.name()}`))
  return [opening, overview, ...sections.map((section) => `\n${section}`), closing].join('')
}
