-- Refused asks that another policy can be held against: they are looked for from the newest on, among many that cannot.
CREATE INDEX audit_events_refused_asks ON "audit_events" (seq) WHERE type = 'request.refused' AND data -> 'asked' IS NOT NULL;
