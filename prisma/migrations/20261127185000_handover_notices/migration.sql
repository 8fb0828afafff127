-- A request that waits for the person on call is announced to the person who comes on call after its submission.
CREATE OR REPLACE FUNCTION write_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  ends_at TIMESTAMPTZ;
BEGIN
  INSERT INTO outbox (event_id, kind, request_id, due_at)
    SELECT NEW.id, CASE NEW.type
      WHEN 'request.submitted' THEN 'request-waits'
      WHEN 'request.reminded' THEN 'request-reminder'
      WHEN 'request.escalated' THEN 'request-escalated'
      WHEN 'request.handed-over' THEN 'request-handed-over'
      WHEN 'comment.added' THEN 'comment-added'
      WHEN 'grant.active' THEN 'access-began'
      WHEN 'grant.ending' THEN 'access-revoked'
      WHEN 'grant.ended' THEN 'access-ended'
      WHEN 'grant.failed' THEN 'begin-failed'
      WHEN 'review.recorded' THEN 'review-recorded'
      WHEN 'posture.worsened' THEN 'posture-worsened'
      WHEN 'activity.suspicious' THEN 'suspicious-call'
      ELSE 'request-decided' END, NEW.request_id, clock_timestamp()
    -- An expired or released access is mentioned once it has ended, and one that an extension continues not at all.
    WHERE (NEW.type <> 'grant.ending' OR NEW.data ->> 'endedBy' IN ('revocation', 'ineligible'))
      AND (NEW.type <> 'grant.ended' OR NEW.data ->> 'endedBy' IS DISTINCT FROM 'superseded');
  -- Break-glass access is announced to those who were not asked, and to its reviewers once it has ended.
  IF NEW.type IN ('request.approved', 'grant.ended') THEN
    INSERT INTO outbox (event_id, kind, request_id, due_at)
      SELECT NEW.id, CASE NEW.type WHEN 'grant.ended' THEN 'review-due' ELSE 'break-glass-used' END, NEW.request_id, clock_timestamp()
      FROM requests WHERE id = NEW.request_id AND review_due_at IS NOT NULL;
  END IF;
  IF NEW.type = 'grant.active' THEN
    ends_at := (NEW.data ->> 'expiresAt')::timestamptz;
    INSERT INTO outbox (event_id, kind, request_id, due_at)
      SELECT NEW.id, 'access-ends-soon', NEW.request_id, ends_at - interval '10 minutes'
      WHERE ends_at > clock_timestamp() + interval '11 minutes';
  ELSIF NEW.type = 'grant.ending' THEN
    INSERT INTO outbox (event_id, kind, request_id, due_at)
      VALUES (NEW.id, 'end-failed', NEW.request_id, clock_timestamp() + interval '2 minutes');
  END IF;
  PERFORM pg_notify('postern_outbox', '');
  RETURN NULL;
END $$;

DROP TRIGGER audit_events_tell ON "audit_events";
CREATE TRIGGER audit_events_tell AFTER INSERT ON "audit_events" FOR EACH ROW
  WHEN (NEW.type = 'posture.worsened' OR NEW.request_id IS NOT NULL AND NEW.type IN ('request.submitted', 'request.reminded', 'request.escalated', 'request.handed-over', 'comment.added', 'request.approved', 'request.denied', 'request.withdrawn', 'request.lapsed',
    'grant.active', 'grant.failed', 'grant.ending', 'grant.ended', 'review.recorded', 'activity.suspicious'))
  EXECUTE FUNCTION write_outbox();

ALTER TABLE "outbox" DROP CONSTRAINT outbox_kind;
ALTER TABLE "outbox"
  ADD CONSTRAINT outbox_kind CHECK (kind IN ('request-waits', 'request-reminder', 'request-escalated', 'request-handed-over', 'comment-added', 'request-decided', 'access-began', 'access-ends-soon', 'access-revoked', 'access-ended',
    'begin-failed', 'end-failed', 'break-glass-used', 'review-due', 'review-recorded', 'posture-worsened', 'suspicious-call')) NOT VALID;
ALTER TABLE "outbox" VALIDATE CONSTRAINT outbox_kind;
