import type { ApiRoutes } from '#lib/api/serve-api'
import * as accessAt from './access/at/route.ts'
import * as accessDuring from './access/during/route.ts'
import * as accessExplain from './access/explain/route.ts'
import * as accessReviewExport from './access/review/export/route.ts'
import * as accessReview from './access/review/route.ts'
import * as activity from './activity/route.ts'
import * as auditEventsIdVerification from './audit-events/[id]/verification/route.ts'
import * as auditEventsExport from './audit-events/export/route.ts'
import * as auditEvents from './audit-events/route.ts'
import * as clustersClusterAudit from './clusters/[cluster]/audit/route.ts'
import * as clustersClusterAuditImports from './clusters/[cluster]/audit-imports/route.ts'
import * as clustersClusterPostureIdAcceptance from './clusters/[cluster]/posture/[id]/acceptance/route.ts'
import * as clustersClusterPostureIdAcceptanceWithdraw from './clusters/[cluster]/posture/[id]/acceptance/withdraw/route.ts'
import * as clustersClusterPostureBaseline from './clusters/[cluster]/posture/baseline/route.ts'
import * as clustersClusterPostureExport from './clusters/[cluster]/posture/export/route.ts'
import * as clustersClusterPosture from './clusters/[cluster]/posture/route.ts'
import * as clusters from './clusters/route.ts'
import * as entitlements from './entitlements/route.ts'
import * as evidence from './evidence/route.ts'
import * as grantsIdActivity from './grants/[id]/activity/route.ts'
import * as grantsIdCredentials from './grants/[id]/credentials/route.ts'
import * as grantsIdRelease from './grants/[id]/release/route.ts'
import * as grantsIdRevoke from './grants/[id]/revoke/route.ts'
import * as grantsId from './grants/[id]/route.ts'
import * as grantsRevoke from './grants/revoke/route.ts'
import * as grants from './grants/route.ts'
import * as logEntries from './log/entries/route.ts'
import * as meAbsenceEnd from './me/absence/end/route.ts'
import * as meAbsence from './me/absence/route.ts'
import * as meNotices from './me/notices/route.ts'
import * as me from './me/route.ts'
import * as notices from './notices/route.ts'
import * as noticesSendAgain from './notices/send-again/route.ts'
import * as openapiJson from './openapi.json/route.ts'
import * as paste from './paste/route.ts'
import * as policyJudge from './policy/judge/route.ts'
import * as policyReplay from './policy/replay/route.ts'
import * as reportsExport from './reports/export/route.ts'
import * as reports from './reports/route.ts'
import * as requestsIdComments from './requests/[id]/comments/route.ts'
import * as requestsIdDecisions from './requests/[id]/decisions/route.ts'
import * as requestsIdEvidence from './requests/[id]/evidence/route.ts'
import * as requestsIdReview from './requests/[id]/review/route.ts'
import * as requestsId from './requests/[id]/route.ts'
import * as requestsIdWithdraw from './requests/[id]/withdraw/route.ts'
import * as requestsPreview from './requests/preview/route.ts'
import * as requests from './requests/route.ts'
import * as reviews from './reviews/route.ts'

/** Every path below /api/v1, as `lib/api/serve-api.ts` answers it. Next.js knows the same files by their places. */
export const apiRoutes: ApiRoutes = {
  '/access/at': accessAt,
  '/access/during': accessDuring,
  '/access/explain': accessExplain,
  '/access/review/export': accessReviewExport,
  '/access/review': accessReview,
  '/activity': activity,
  '/audit-events/[id]/verification': auditEventsIdVerification,
  '/audit-events/export': auditEventsExport,
  '/audit-events': auditEvents,
  '/clusters/[cluster]/audit-imports': clustersClusterAuditImports,
  '/clusters/[cluster]/audit': clustersClusterAudit,
  '/clusters/[cluster]/posture/[id]/acceptance/withdraw': clustersClusterPostureIdAcceptanceWithdraw,
  '/clusters/[cluster]/posture/[id]/acceptance': clustersClusterPostureIdAcceptance,
  '/clusters/[cluster]/posture/baseline': clustersClusterPostureBaseline,
  '/clusters/[cluster]/posture/export': clustersClusterPostureExport,
  '/clusters/[cluster]/posture': clustersClusterPosture,
  '/clusters': clusters,
  '/entitlements': entitlements,
  '/evidence': evidence,
  '/grants/[id]/activity': grantsIdActivity,
  '/grants/[id]/credentials': grantsIdCredentials,
  '/grants/[id]/release': grantsIdRelease,
  '/grants/[id]/revoke': grantsIdRevoke,
  '/grants/[id]': grantsId,
  '/grants/revoke': grantsRevoke,
  '/grants': grants,
  '/log/entries': logEntries,
  '/me/absence': meAbsence,
  '/me/absence/end': meAbsenceEnd,
  '/me/notices': meNotices,
  '/me': me,
  '/notices': notices,
  '/notices/send-again': noticesSendAgain,
  '/openapi.json': openapiJson,
  '/paste': paste,
  '/policy/judge': policyJudge,
  '/policy/replay': policyReplay,
  '/reports/export': reportsExport,
  '/reports': reports,
  '/requests/[id]/comments': requestsIdComments,
  '/requests/[id]/decisions': requestsIdDecisions,
  '/requests/[id]/evidence': requestsIdEvidence,
  '/requests/[id]/review': requestsIdReview,
  '/requests/[id]': requestsId,
  '/requests/[id]/withdraw': requestsIdWithdraw,
  '/requests/preview': requestsPreview,
  '/requests': requests,
  '/reviews': reviews,
}
