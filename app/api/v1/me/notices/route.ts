import { endpoints } from '#lib/api/endpoints'
import { route } from '#lib/api/handle'
import { methodsOf } from '#lib/api/methods'
import { setNoticePreferences } from '#lib/operations/set-notice-preferences'
import { noticePreferences } from '#lib/views/notice-preferences'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = methodsOf({
  GET: route(endpoints.getNoticePreferences, ({ actor }) => noticePreferences(actor)),
  POST: route(endpoints.setNoticePreferences, ({ actor, body }) => setNoticePreferences(actor, body)),
})
