/** A person at the local identity provider. Their key in `localPeople` is their subject. */
export type LocalPerson = { name: string; email: string; groups: string[] }

const person = (key: string, name: string, ...groups: string[]): [string, LocalPerson] => [
  key,
  { name, email: `${key}@example.com`, groups },
]

/** The people of the example company, the same in the demo, the tests, the screenshots and the documentation. */
export const localPeople: ReadonlyMap<string, LocalPerson> = new Map([
  person('mina', 'Mina Okafor', 'payments-dev'),
  person('jonas', 'Jonas Weber', 'search-dev'),
  person('priya', 'Priya Raman', 'payments-leads'),
  person('sam', 'Sam Duarte', 'payments-leads'),
  person('tomas', 'Tomas Lindqvist', 'sre'),
  person('ines', 'Ines Moreau', 'security-audit'),
  person('ola', 'Ola Nowak', 'platform-admins'),
])
