/** The URL of a database for a process that must not report it as unavailable only because the machine is busy. */
export const withPatience = (url: string): string => {
  const patient = new URL(url)
  patient.searchParams.set('connect_timeout', '30')
  return patient.href
}
