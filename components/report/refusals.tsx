import { Bar } from '#components/ui/bar'
import { ScrollTable } from '#components/ui/scroll-table'
import { UntrustedText } from '#components/ui/untrusted-text'
import type { ReportResource } from '#lib/core/access/report-resource'

type Props = Pick<ReportResource, 'refusals'> & { denied: number }

/** What guardrails and limits refused, and how many requests people denied. */
export function Refusals({ refusals, denied }: Props) {
  const most = Math.max(1, ...refusals.map(({ submissions, later }) => submissions + later))
  return (
    <>
      <p className="mb-2 text-dense text-muted">
        Approvers denied {denied === 1 ? '1 request' : `${denied} requests`}.{' '}
        {refusals.length === 0 && 'No guardrail or limit refused anything in this period.'}
      </p>
      {refusals.length > 0 && (
        <ScrollTable caption="Refusals by guardrail or limit">
          <thead>
            <tr>
              <th scope="col">Guardrail or limit</th>
              <th scope="col">At submission</th>
              <th scope="col">Later</th>
              <th scope="col" className="w-1/3 max-sm:hidden">
                <span className="sr-only">Both as a bar</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {refusals.map(({ code, submissions, later }) => (
              <tr key={code}>
                <th scope="row" className="text-left font-normal">
                  <code>
                    <UntrustedText>{code}</UntrustedText>
                  </code>
                </th>
                <td className="tabular-nums">{submissions}</td>
                <td className="tabular-nums">{later}</td>
                <td className="max-sm:hidden">
                  <Bar share={(submissions + later) / most} />
                </td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
    </>
  )
}
