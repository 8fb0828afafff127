-- The browsers in which a person is notified. An endpoint belongs to one browser, and so to the person who added it last.
CREATE TABLE "browsers" (
    "id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "p256dh" TEXT NOT NULL,
    "auth" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "browsers_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "browsers_endpoint_key" ON "browsers"("endpoint");
CREATE INDEX "browsers_person_id_idx" ON "browsers"("person_id");
ALTER TABLE "browsers" ADD CONSTRAINT "browsers_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "browsers" ADD CONSTRAINT browsers_endpoint CHECK (endpoint ~ '^https?://' AND length(endpoint) <= 1000);
GRANT SELECT, INSERT, DELETE ON "browsers" TO postern_app;

-- As before, but also of browser notifications.
CREATE OR REPLACE FUNCTION notice_hold(kind TEXT, channel TEXT, recipient TEXT, created_at TIMESTAMPTZ) RETURNS TIMESTAMPTZ
  LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
  SELECT least(quiet.ends, created_at + interval '24 hours')
  FROM (SELECT quiet_hours_end(recipient, clock_timestamp()) AS ends) quiet
  WHERE quiet.ends IS NOT NULL AND created_at + interval '24 hours' > clock_timestamp() AND channel IN ('email', 'browser')
    AND kind IN ('request-waits', 'request-reminder', 'comment-added', 'request-decided', 'access-ended', 'review-recorded', 'posture-worsened')
$$;
