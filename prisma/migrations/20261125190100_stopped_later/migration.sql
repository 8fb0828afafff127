-- What guardrails stopped after it was asked for, for what they did in the last days.
CREATE INDEX audit_events_stopped_later ON "audit_events" (at)
  WHERE type IN ('decision.refused', 'grant.ending') AND data -> 'stoppedBy' IS NOT NULL;
