import type { LocalPerson } from './identity-people.ts'

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] ?? '')

const style = `
:root { color-scheme: light dark; --ink: light-dark(#16211f, #e4ebe8); --soft: light-dark(#556460, #9fb0ab);
  --line: light-dark(#ccd5d2, #33403d); --page: light-dark(#f6f8f7, #101716); --row: light-dark(#fff, #18211f);
  --accent: light-dark(#00696b, #5cc8c6) }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--page);
  color: var(--ink); font: 15px/22px ui-sans-serif, system-ui, sans-serif }
main { width: 100%; max-width: 440px }
h1 { font-size: 22px; line-height: 28px; font-weight: 600; margin: 0 0 4px }
p { margin: 0 0 20px; color: var(--soft) }
ul { list-style: none; margin: 0; padding: 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden }
li + li { border-top: 1px solid var(--line) }
button { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; width: 100%; padding: 10px 16px; border: 0;
  background: var(--row); color: inherit; font: inherit; text-align: left; cursor: pointer }
button:hover { background: color-mix(in srgb, var(--accent) 10%, var(--row)) }
button:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px }
.email { grid-column: 1; color: var(--soft); font-size: 13px; line-height: 18px }
.groups { grid-column: 2; grid-row: 1 / 3; align-self: center; font: 12.5px/18px ui-monospace, monospace; color: var(--soft) }
`

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><style>${style}</style></head>
<body><main>${body}</main></body></html>`
}

/** The sign-in page: one button per person and no password. */
export function signInPage(people: ReadonlyMap<string, LocalPerson>): string {
  const rows = [...people].map(
    ([key, person]) => `<li><button name="person" value="${escapeHtml(key)}"><span>${escapeHtml(person.name)}</span>
<span class="email">${escapeHtml(person.email)}</span><span class="groups">${escapeHtml(person.groups.join(' '))}</span></button></li>`,
  )
  return page(
    'Sign in – local identity provider',
    `<h1>Who are you today?</h1>
<p>This is a local identity provider for trying out Postern. No password needed.</p>
<form method="post"><ul>${rows.join('')}</ul></form>`,
  )
}

/** Submits `form`, the provider's own sign-out form, without a confirmation. */
export function signOutPage(form: string): string {
  return page(
    'Signing out – local identity provider',
    `${form}<p>Signing out…</p><button form="op.logoutForm" name="logout" value="yes">Sign out</button>
<script>document.querySelector('button').click()</script>`,
  )
}

/** Where a person types the code that a terminal shows. `form` is the provider's own. */
export const deviceCodePage = (form: string): string =>
  page(
    'Sign in a terminal – local identity provider',
    `<h1>Enter the code from your terminal</h1>${form}<button form="op.deviceInputForm">Continue</button>`,
  )

export const deviceConfirmationPage = (form: string, code: string): string =>
  page(
    'Sign in a terminal – local identity provider',
    `<h1>Sign in this terminal?</h1><p>It shows the code ${escapeHtml(code)}.</p>${form}<button form="op.deviceConfirmForm">Sign in</button>`,
  )

export const signedInPage = (): string =>
  page('Signed in – local identity provider', '<h1>Signed in</h1><p>Go back to your terminal.</p>')

/** The page for an error; `problem` is one sentence. */
export const problemPage = (problem: string): string =>
  page('Sign-in failed – local identity provider', `<h1>Sign-in failed</h1><p>${escapeHtml(problem)}</p>`)
