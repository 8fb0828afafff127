-- Quiet hours of a person: on these weekdays (ISO 8601, Monday is 1) from one time of day until another, on the clock of a time zone.
ALTER TABLE "notice_preferences" ADD COLUMN "quiet_days" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
ADD COLUMN "quiet_from" TEXT,
ADD COLUMN "quiet_until" TEXT,
ADD COLUMN "quiet_zone" TEXT;

ALTER TABLE "notices" ADD COLUMN "held_until" TIMESTAMPTZ(6),
ADD COLUMN "merged_into" TEXT;
ALTER TABLE "notices" ADD CONSTRAINT "notices_merged_into_fkey" FOREIGN KEY ("merged_into") REFERENCES "notices"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
CREATE INDEX "notices_merged_into_idx" ON "notices"("merged_into");

ALTER TABLE "notice_preferences"
  ADD CONSTRAINT notice_preferences_quiet CHECK (
    num_nonnulls(quiet_from, quiet_until, quiet_zone) IN (0, 3) AND (quiet_from IS NULL) = (cardinality(quiet_days) = 0)
    AND quiet_days <@ ARRAY[1, 2, 3, 4, 5, 6, 7] AND quiet_from <> quiet_until
    AND quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' AND quiet_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
  -- A zone that this database does not know is an error here, not when a notice is due.
  ADD CONSTRAINT notice_preferences_quiet_zone CHECK (timestamp '2026-01-01' AT TIME ZONE quiet_zone IS NOT NULL OR quiet_zone IS NULL);

-- When the quiet hours of a person end that contain this instant; null outside of them. They belong to the day on which they
-- begin. A time that a clock skips counts as much later as the clock moves, and of a time that it shows twice the second one counts.
CREATE FUNCTION quiet_hours_end(person TEXT, instant TIMESTAMPTZ) RETURNS TIMESTAMPTZ
  LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT max(span.ends) FROM notice_preferences q
  CROSS JOIN LATERAL (SELECT (instant AT TIME ZONE q.quiet_zone)::date AS today) clock
  CROSS JOIN LATERAL (VALUES (clock.today - 1), (clock.today)) AS first(day)
  CROSS JOIN LATERAL (SELECT (first.day + q.quiet_from::time) AT TIME ZONE q.quiet_zone AS begins,
    (first.day + CASE WHEN q.quiet_until < q.quiet_from THEN 1 ELSE 0 END + q.quiet_until::time) AT TIME ZONE q.quiet_zone AS ends) span
  WHERE q.person_id = person AND q.quiet_from IS NOT NULL AND extract(isodow FROM first.day)::int = ANY (q.quiet_days)
    AND span.begins <= instant AND span.ends > instant
$$;

-- Until when the quiet hours of its recipient hold a mail; null if it is sent at once. A kind that is not listed is never held.
-- 24 hours after a notice was written nothing holds it any more, whatever the preferences say.
CREATE FUNCTION notice_hold(kind TEXT, channel TEXT, recipient TEXT, created_at TIMESTAMPTZ) RETURNS TIMESTAMPTZ
  LANGUAGE sql VOLATILE SET search_path = public, pg_temp AS $$
  SELECT least(quiet.ends, created_at + interval '24 hours')
  FROM (SELECT quiet_hours_end(recipient, clock_timestamp()) AS ends) quiet
  WHERE quiet.ends IS NOT NULL AND created_at + interval '24 hours' > clock_timestamp() AND channel = 'email'
    AND kind IN ('request-waits', 'request-reminder', 'comment-added', 'request-decided', 'access-ended', 'review-recorded', 'posture-worsened')
$$;

-- What was sent, dropped or merged stays so. A notice is put off by at most two hours, or exactly until the end of quiet hours.
CREATE OR REPLACE FUNCTION guard_notice() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.outcome IN ('sent', 'dropped', 'merged') AND NEW.outcome IS DISTINCT FROM OLD.outcome THEN
    RAISE EXCEPTION 'a notice is sent only once' USING ERRCODE = '23514';
  END IF;
  IF NEW.held_until IS DISTINCT FROM OLD.held_until AND NEW.held_until IS NOT NULL
    AND NEW.held_until IS DISTINCT FROM notice_hold(NEW.kind, NEW.channel, NEW.recipient, NEW.created_at) THEN
    RAISE EXCEPTION 'a notice is held only until the end of the quiet hours of its recipient' USING ERRCODE = '23514';
  END IF;
  IF NEW.next_attempt_at IS DISTINCT FROM OLD.next_attempt_at AND NEW.next_attempt_at > clock_timestamp() + interval '2 hours'
    AND NEW.next_attempt_at IS DISTINCT FROM NEW.held_until THEN
    RAISE EXCEPTION 'a notice cannot be put off for more than two hours' USING ERRCODE = '23514';
  END IF;
  IF NEW.lease_until IS DISTINCT FROM OLD.lease_until AND NEW.lease_until > clock_timestamp() + interval '3 minutes' THEN
    RAISE EXCEPTION 'the lease of a notice lasts at most three minutes' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;

ALTER TABLE "notices" DROP CONSTRAINT notices_outcome;
ALTER TABLE "notices"
  ADD CONSTRAINT notices_outcome CHECK (outcome IN ('sent', 'dropped', 'dead', 'merged')) NOT VALID,
  ADD CONSTRAINT notices_merged CHECK ((merged_into IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'merged') AND merged_into <> id) NOT VALID;
ALTER TABLE "notices" VALIDATE CONSTRAINT notices_outcome;
ALTER TABLE "notices" VALIDATE CONSTRAINT notices_merged;

GRANT UPDATE ("held_until", "merged_into") ON "notices" TO postern_app;
