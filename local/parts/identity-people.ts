/** A person at the local identity provider. Their subject is the key they are known by. */
export type LocalPerson = { name: string; email: string; groups: string[] }

const person = (key: string, name: string, ...groups: string[]): [string, LocalPerson] => [
  key,
  { name, email: `${key}@example.com`, groups },
]

/** The people of the demo's company: the same in demo, tests, screenshots and documentation. */
export const localPeople: ReadonlyMap<string, LocalPerson> = new Map([
  person('mina', 'Mina Okafor', 'payments-dev'),
  person('jonas', 'Jonas Weber', 'search-dev'),
  person('priya', 'Priya Raman', 'payments-leads'),
  person('sam', 'Sam Duarte', 'payments-leads'),
  person('tomas', 'Tomas Lindqvist', 'sre'),
  person('ines', 'Ines Moreau', 'security-audit'),
  person('ola', 'Ola Nowak', 'platform-admins'),
])
