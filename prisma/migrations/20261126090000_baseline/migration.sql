-- CreateEnum
CREATE TYPE "request_status" AS ENUM ('pending', 'approved', 'denied', 'withdrawn', 'lapsed');

-- CreateEnum
CREATE TYPE "grant_status" AS ENUM ('pending', 'active', 'ending', 'ended');

-- CreateEnum
CREATE TYPE "end_reason" AS ENUM ('expiry', 'revocation', 'release', 'failure', 'ineligible', 'superseded');

-- CreateEnum
CREATE TYPE "decision_kind" AS ENUM ('approve', 'deny');

-- CreateTable
CREATE TABLE "people" (
    "id" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT,
    "email_verified" BOOLEAN NOT NULL DEFAULT false,
    "ever_verified" BOOLEAN NOT NULL DEFAULT false,
    "known_emails" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    "groups" TEXT[],
    "username" TEXT,
    "groups_problem" TEXT,
    "groups_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signature" TEXT,

    CONSTRAINT "people_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "ended_at" TIMESTAMPTZ(6),
    "refreshed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sealed_refresh_token" TEXT,
    "sealed_id_token" TEXT,
    "client_address" TEXT,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "favourites" (
    "person_id" TEXT NOT NULL,
    "entitlement" TEXT NOT NULL,

    CONSTRAINT "favourites_pkey" PRIMARY KEY ("person_id","entitlement")
);

-- CreateTable
CREATE TABLE "saved_filters" (
    "person_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "query" TEXT NOT NULL,

    CONSTRAINT "saved_filters_pkey" PRIMARY KEY ("person_id","name")
);

-- CreateTable
CREATE TABLE "policy_versions" (
    "hash" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "policy_versions_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "entitlement_versions" (
    "hash" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "entitlement_versions_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "requests" (
    "id" TEXT NOT NULL,
    "requester_id" TEXT NOT NULL,
    "status" "request_status" NOT NULL DEFAULT 'pending',
    "entitlement_name" TEXT NOT NULL,
    "entitlement_hash" TEXT NOT NULL,
    "policy_hash" TEXT NOT NULL,
    "cluster" TEXT NOT NULL,
    "namespaces" TEXT[],
    "rules" JSONB NOT NULL,
    "cluster_role" TEXT,
    "duration_seconds" INTEGER NOT NULL,
    "starts_at" TIMESTAMPTZ(6),
    "digest" TEXT NOT NULL,
    "submitted_terms" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "ticket" TEXT,
    "verdict" JSONB NOT NULL,
    "facts" JSONB,
    "difference" JSONB,
    "steps" JSONB NOT NULL,
    "approver_groups" TEXT[],
    "extends_grant_id" TEXT,
    "held_since" TIMESTAMPTZ(6),
    "review_due_at" TIMESTAMPTZ(6),
    "agent" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lapses_at" TIMESTAMPTZ(6) NOT NULL,
    "follow_up_at" TIMESTAMPTZ(6),
    "comment_count" INTEGER NOT NULL DEFAULT 0,
    "resolved_at" TIMESTAMPTZ(6),
    "signature" TEXT,

    CONSTRAINT "requests_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "decisions" (
    "id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "decision" "decision_kind" NOT NULL,
    "note" TEXT,
    "digest" TEXT NOT NULL,
    "result" TEXT NOT NULL,
    "narrowed" JSONB,
    "difference" JSONB,
    "groups" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signature" TEXT,

    CONSTRAINT "decisions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "comments" (
    "id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "needs_information" BOOLEAN NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signature" TEXT,

    CONSTRAINT "comments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reviews" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "request_id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "note" TEXT NOT NULL,
    "groups" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signature" TEXT,

    CONSTRAINT "reviews_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "grants" (
    "id" TEXT NOT NULL,
    "request_id" TEXT NOT NULL,
    "status" "grant_status" NOT NULL DEFAULT 'pending',
    "cluster" TEXT NOT NULL,
    "duration_seconds" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "activated_at" TIMESTAMPTZ(6),
    "expires_at" TIMESTAMPTZ(6),
    "ending_at" TIMESTAMPTZ(6),
    "ended_by" "end_reason",
    "ended_by_name" TEXT,
    "end_note" TEXT,
    "ended_at" TIMESTAMPTZ(6),
    "allowed_probes" JSONB,
    "denied_probes" JSONB,
    "last_error" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(6) DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(6),
    "leased_by" TEXT,
    "signature" TEXT,
    "end_signature" TEXT,

    CONSTRAINT "grants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "grant_objects" (
    "grant_id" TEXT NOT NULL,
    "cluster" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "uid" TEXT,
    "fingerprint" TEXT,
    "created_at" TIMESTAMPTZ(6),
    "removed_at" TIMESTAMPTZ(6),

    CONSTRAINT "grant_objects_pkey" PRIMARY KEY ("cluster","kind","namespace","name")
);

-- CreateTable
CREATE TABLE "credentials" (
    "id" TEXT NOT NULL,
    "grant_id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "jti" TEXT NOT NULL,
    "client_address" TEXT,
    "account_uid" TEXT,
    "issued_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "credentials_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credential_orders" (
    "id" TEXT NOT NULL,
    "grant_id" TEXT NOT NULL,
    "person_id" TEXT NOT NULL,
    "public_key" JSONB NOT NULL,
    "via" TEXT NOT NULL,
    "client_address" TEXT,
    "reference" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signature" TEXT,

    CONSTRAINT "credential_orders_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "seq" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "type" TEXT NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "actor_issuer" TEXT,
    "actor_subject" TEXT,
    "actor_name" TEXT NOT NULL,
    "actor_email" TEXT,
    "via" TEXT NOT NULL,
    "client_address" TEXT,
    "reference" TEXT NOT NULL,
    "request_id" TEXT,
    "grant_id" TEXT,
    "about_id" TEXT,
    "cluster" TEXT,
    "namespaces" TEXT[],
    "policy_hash" TEXT,
    "data" JSONB NOT NULL,
    "before" JSONB,
    "after" JSONB,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_counts" (
    "span" TEXT NOT NULL,
    "start" TIMESTAMPTZ(6) NOT NULL,
    "cluster" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "audit_counts_pkey" PRIMARY KEY ("span","start","cluster","type")
);

-- CreateTable
CREATE TABLE "log_leaves" (
    "index" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "salt" BYTEA NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "log_leaves_pkey" PRIMARY KEY ("index")
);

-- CreateTable
CREATE TABLE "log_nodes" (
    "level" INTEGER NOT NULL,
    "index" BIGINT NOT NULL,
    "hash" BYTEA NOT NULL,

    CONSTRAINT "log_nodes_pkey" PRIMARY KEY ("level","index")
);

-- CreateTable
CREATE TABLE "log_checkpoints" (
    "size" BIGINT NOT NULL,
    "note" TEXT NOT NULL,
    "signed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "log_checkpoints_pkey" PRIMARY KEY ("size","note")
);

-- CreateTable
CREATE TABLE "log_anchors" (
    "name" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "kept_at" TIMESTAMPTZ(6) NOT NULL DEFAULT clock_timestamp(),
    "signature" TEXT,

    CONSTRAINT "log_anchors_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "log_forwards" (
    "name" TEXT NOT NULL,
    "next" BIGINT NOT NULL,
    "last_batch" BIGINT NOT NULL,
    "leased_by" TEXT,
    "lease_until" TIMESTAMPTZ(6),

    CONSTRAINT "log_forwards_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "activity_sources" (
    "id" BIGSERIAL NOT NULL,
    "key" UUID NOT NULL,
    "cluster" TEXT NOT NULL,
    "account" TEXT NOT NULL,
    "impersonated" TEXT,
    "grant_id" TEXT,
    "credential_id" TEXT,
    "address" TEXT,
    "forwarded_for" TEXT,
    "user_agent" TEXT,

    CONSTRAINT "activity_sources_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "activity" (
    "id" BIGSERIAL NOT NULL,
    "source_id" BIGINT NOT NULL,
    "call" UUID NOT NULL,
    "is_start" BOOLEAN NOT NULL,
    "audit_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "ended_at" TIMESTAMPTZ(6),
    "code" INTEGER,
    "verb" TEXT NOT NULL,
    "api_group" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "subresource" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "query" TEXT,
    "body" JSONB,

    CONSTRAINT "activity_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "activity_counts" (
    "cluster" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(6) NOT NULL,
    "outcome" TEXT NOT NULL,
    "count" BIGINT NOT NULL,

    CONSTRAINT "activity_counts_pkey" PRIMARY KEY ("cluster","hour","outcome")
);

-- CreateTable
CREATE TABLE "activity_feeds" (
    "cluster" TEXT NOT NULL,
    "first_at" TIMESTAMPTZ(6) NOT NULL,
    "newest_at" TIMESTAMPTZ(6) NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "activity_feeds_pkey" PRIMARY KEY ("cluster")
);

-- CreateTable
CREATE TABLE "activity_rejections" (
    "id" BIGSERIAL NOT NULL,
    "cluster" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "reason" TEXT NOT NULL,
    "readable" JSONB NOT NULL,

    CONSTRAINT "activity_rejections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency" (
    "person_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "body" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "signature" TEXT,

    CONSTRAINT "idempotency_pkey" PRIMARY KEY ("person_id","key")
);

-- CreateTable
CREATE TABLE "cluster_states" (
    "name" TEXT NOT NULL,
    "checked_at" TIMESTAMPTZ(6) NOT NULL,
    "reachable" BOOLEAN NOT NULL,
    "version" TEXT,
    "error" TEXT,
    "namespaces" JSONB NOT NULL,
    "cluster_roles" JSONB NOT NULL,
    "pods" JSONB,
    "own_account" TEXT,
    "permissions" JSONB NOT NULL,
    "admission" JSONB,
    "swept_at" TIMESTAMPTZ(6),
    "sweep_done_at" TIMESTAMPTZ(6),

    CONSTRAINT "cluster_states_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "rota_states" (
    "name" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "read_source" TEXT,
    "shifts" JSONB,
    "read_at" TIMESTAMPTZ(6),
    "problem" TEXT,
    "failing_since" TIMESTAMPTZ(6),
    "next_read_at" TIMESTAMPTZ(6) NOT NULL,
    "signature" TEXT,

    CONSTRAINT "rota_states_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "workers" (
    "id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "findings" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "cluster" TEXT NOT NULL,
    "grant_id" TEXT,
    "object_kind" TEXT NOT NULL,
    "namespace" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "uid" TEXT,
    "sentence" TEXT NOT NULL,
    "times" INTEGER NOT NULL DEFAULT 1,
    "first_seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(6),
    "outcome" TEXT,

    CONSTRAINT "findings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "posture_findings" (
    "id" TEXT NOT NULL,
    "cluster" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "detail" JSONB NOT NULL,
    "digest" TEXT NOT NULL,
    "since" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "suppressed" TEXT,
    "acceptance" JSONB,
    "accepted_until" TIMESTAMPTZ(6),
    "resolved_at" TIMESTAMPTZ(6),

    CONSTRAINT "posture_findings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "posture_states" (
    "cluster" TEXT NOT NULL,
    "basis" TEXT NOT NULL,
    "judged_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "baseline_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "baseline_by" TEXT,
    "own" JSONB NOT NULL,
    "standing" JSONB NOT NULL DEFAULT '[]',
    "standing_count" INTEGER NOT NULL DEFAULT 0,
    "left_out" INTEGER NOT NULL DEFAULT 0,
    "left_out_high" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "posture_states_pkey" PRIMARY KEY ("cluster")
);

-- CreateTable
CREATE TABLE "outbox" (
    "event_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "request_id" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    "spread_at" TIMESTAMPTZ(6),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("event_id","kind")
);

-- CreateTable
CREATE TABLE "notices" (
    "id" TEXT NOT NULL,
    "event_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "request_id" TEXT,
    "channel" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(6) DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(6),
    "leased_by" TEXT,
    "outcome" TEXT,
    "outcome_at" TIMESTAMPTZ(6),
    "last_error" TEXT,
    "receipt" TEXT,

    CONSTRAINT "notices_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "notice_preferences" (
    "person_id" TEXT NOT NULL,
    "muted" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "away_from" TIMESTAMPTZ(6),
    "away_until" TIMESTAMPTZ(6),
    "delegate_id" TEXT,

    CONSTRAINT "notice_preferences_pkey" PRIMARY KEY ("person_id")
);

-- CreateTable
CREATE TABLE "cluster_rights" (
    "cluster" TEXT NOT NULL,
    "hash" TEXT,
    "content" BYTEA,
    "read_at" TIMESTAMPTZ(6),
    "error" TEXT,
    "next_read_at" TIMESTAMPTZ(6) NOT NULL,
    "signature" TEXT,

    CONSTRAINT "cluster_rights_pkey" PRIMARY KEY ("cluster")
);

-- Token buckets shared by all replicas. Unlogged: after a crash of PostgreSQL every bucket is full, which is harmless.
CREATE UNLOGGED TABLE "rate_buckets" (
    "key" TEXT NOT NULL,
    "tokens" DOUBLE PRECISION NOT NULL,
    "capacity" DOUBLE PRECISION NOT NULL,
    "per_second" DOUBLE PRECISION NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "rate_buckets_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "people_groups_idx" ON "people" USING GIN ("groups");
CREATE INDEX "people_known_emails_idx" ON "people" USING GIN ("known_emails");

-- CreateIndex
CREATE UNIQUE INDEX "people_issuer_subject_key" ON "people"("issuer", "subject");

-- CreateIndex
CREATE INDEX "sessions_person_id_idx" ON "sessions"("person_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "requests_extends_grant_id_idx" ON "requests"("extends_grant_id");

-- CreateIndex
CREATE INDEX "requests_requester_id_id_idx" ON "requests"("requester_id", "id" DESC);

-- CreateIndex
CREATE INDEX "requests_status_id_idx" ON "requests"("status", "id" DESC);

-- CreateIndex
CREATE INDEX "requests_status_lapses_at_idx" ON "requests"("status", "lapses_at");

-- CreateIndex
CREATE INDEX "requests_approver_groups_idx" ON "requests" USING GIN ("approver_groups");

-- CreateIndex
CREATE INDEX "decisions_person_id_id_idx" ON "decisions"("person_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "decisions_request_id_person_id_key" ON "decisions"("request_id", "person_id");

-- CreateIndex
CREATE INDEX "comments_request_id_idx" ON "comments"("request_id");

-- CreateIndex
CREATE INDEX "reviews_request_id_idx" ON "reviews"("request_id");

-- CreateIndex
CREATE UNIQUE INDEX "grants_request_id_key" ON "grants"("request_id");

-- CreateIndex
CREATE INDEX "grants_next_attempt_at_idx" ON "grants"("next_attempt_at");

-- CreateIndex
CREATE INDEX "grants_status_id_idx" ON "grants"("status", "id" DESC);

-- CreateIndex
CREATE INDEX "grant_objects_grant_id_idx" ON "grant_objects"("grant_id");

-- CreateIndex
CREATE UNIQUE INDEX "credentials_jti_key" ON "credentials"("jti");

-- CreateIndex
CREATE INDEX "credentials_grant_id_idx" ON "credentials"("grant_id");

-- CreateIndex
CREATE INDEX "credential_orders_created_at_idx" ON "credential_orders"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "audit_events_id_key" ON "audit_events"("id");

-- CreateIndex
CREATE INDEX "audit_events_request_id_seq_idx" ON "audit_events"("request_id", "seq");

-- CreateIndex
CREATE INDEX "audit_events_grant_id_seq_idx" ON "audit_events"("grant_id", "seq");

-- CreateIndex
CREATE INDEX "audit_events_actor_id_seq_idx" ON "audit_events"("actor_id", "seq" DESC);

-- CreateIndex
CREATE INDEX "audit_events_about_id_seq_idx" ON "audit_events"("about_id", "seq" DESC);

-- CreateIndex
CREATE INDEX "audit_events_type_seq_idx" ON "audit_events"("type", "seq" DESC);

-- CreateIndex
CREATE INDEX "audit_events_cluster_seq_idx" ON "audit_events"("cluster", "seq" DESC);

-- CreateIndex
CREATE INDEX "audit_events_at_idx" ON "audit_events"("at");

-- CreateIndex
CREATE INDEX "audit_events_namespaces_idx" ON "audit_events" USING GIN ("namespaces");

-- CreateIndex
CREATE UNIQUE INDEX "log_leaves_seq_key" ON "log_leaves"("seq");

-- CreateIndex
CREATE UNIQUE INDEX "activity_sources_key_key" ON "activity_sources"("key");

-- CreateIndex
CREATE INDEX "activity_sources_grant_id_idx" ON "activity_sources"("grant_id");

-- CreateIndex
CREATE INDEX "activity_sources_cluster_account_idx" ON "activity_sources"("cluster", "account");

-- CreateIndex
CREATE UNIQUE INDEX "activity_call_is_start_key" ON "activity"("call", "is_start");

-- CreateIndex
CREATE INDEX "activity_source_id_id_idx" ON "activity"("source_id", "id");

-- CreateIndex
CREATE INDEX "activity_at_idx" ON "activity"("at");

-- CreateIndex
CREATE INDEX "activity_rejections_cluster_received_at_idx" ON "activity_rejections"("cluster", "received_at");

-- CreateIndex
CREATE INDEX "idempotency_created_at_idx" ON "idempotency"("created_at");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "favourites" ADD CONSTRAINT "favourites_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "saved_filters" ADD CONSTRAINT "saved_filters_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_requester_id_fkey" FOREIGN KEY ("requester_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_extends_grant_id_fkey" FOREIGN KEY ("extends_grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_entitlement_hash_fkey" FOREIGN KEY ("entitlement_hash") REFERENCES "entitlement_versions"("hash") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_policy_hash_fkey" FOREIGN KEY ("policy_hash") REFERENCES "policy_versions"("hash") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "requests"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "comments" ADD CONSTRAINT "comments_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "requests"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "comments" ADD CONSTRAINT "comments_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "requests"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reviews" ADD CONSTRAINT "reviews_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "grants" ADD CONSTRAINT "grants_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "requests"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "grant_objects" ADD CONSTRAINT "grant_objects_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "activity" ADD CONSTRAINT "activity_source_id_fkey" FOREIGN KEY ("source_id") REFERENCES "activity_sources"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateIndex
CREATE INDEX "findings_grant_id_id_idx" ON "findings"("grant_id", "id" DESC);

-- CreateIndex
CREATE INDEX "findings_cluster_id_idx" ON "findings"("cluster", "id" DESC);

-- CreateIndex
CREATE INDEX "findings_last_seen_at_idx" ON "findings"("last_seen_at");

-- CreateIndex
CREATE INDEX "posture_findings_cluster_resolved_at_idx" ON "posture_findings"("cluster", "resolved_at");

-- AddForeignKey
ALTER TABLE "findings" ADD CONSTRAINT "findings_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- CreateIndex
CREATE UNIQUE INDEX "notices_event_id_kind_channel_recipient_key" ON "notices"("event_id", "kind", "channel", "recipient");

-- CreateIndex
CREATE INDEX "notices_request_id_idx" ON "notices"("request_id");

-- AddForeignKey
ALTER TABLE "notices" ADD CONSTRAINT "notices_event_id_kind_fkey" FOREIGN KEY ("event_id", "kind") REFERENCES "outbox"("event_id", "kind") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notice_preferences" ADD CONSTRAINT "notice_preferences_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notice_preferences" ADD CONSTRAINT "notice_preferences_delegate_id_fkey" FOREIGN KEY ("delegate_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- What the database itself refuses. The owner role runs migrations; `postern_app` runs the product and owns nothing.
-- Each guard fixes its search path: otherwise a temporary table named "requests" would stand in for the one that a guard reads.

-- 1. History is permanent (promise 11), for every role, including the owner.
CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are history', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;
CREATE TRIGGER audit_events_are_permanent BEFORE UPDATE OR DELETE ON "audit_events" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER audit_events_stay BEFORE TRUNCATE ON "audit_events" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER decisions_are_permanent BEFORE UPDATE OR DELETE ON "decisions" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER decisions_stay BEFORE TRUNCATE ON "decisions" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER comments_are_permanent BEFORE UPDATE OR DELETE ON "comments" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER comments_stay BEFORE TRUNCATE ON "comments" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER reviews_are_permanent BEFORE UPDATE OR DELETE ON "reviews" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER reviews_stay BEFORE TRUNCATE ON "reviews" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER policy_versions_are_permanent BEFORE UPDATE OR DELETE ON "policy_versions" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER entitlement_versions_are_permanent BEFORE UPDATE OR DELETE ON "entitlement_versions" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "audit_events" ENABLE ALWAYS TRIGGER audit_events_are_permanent;
ALTER TABLE "audit_events" ENABLE ALWAYS TRIGGER audit_events_stay;
ALTER TABLE "decisions" ENABLE ALWAYS TRIGGER decisions_are_permanent;
ALTER TABLE "decisions" ENABLE ALWAYS TRIGGER decisions_stay;
ALTER TABLE "comments" ENABLE ALWAYS TRIGGER comments_are_permanent;
ALTER TABLE "comments" ENABLE ALWAYS TRIGGER comments_stay;
ALTER TABLE "reviews" ENABLE ALWAYS TRIGGER reviews_are_permanent;
ALTER TABLE "reviews" ENABLE ALWAYS TRIGGER reviews_stay;

-- An event is permanent, and the log needs every one: JSON that is nested thousands of levels deep, which no program of Postern can hash, would
-- stop the log for ever. What Postern records has few levels.
ALTER TABLE "audit_events" ADD CONSTRAINT audit_events_depth CHECK (NOT (
  data @? 'strict $.**{64}' OR coalesce(before @? 'strict $.**{64}', false) OR coalesce(after @? 'strict $.**{64}', false)));

-- The log is only ever appended to: leaf by leaf, and each for the next event. Whoever writes to the database can neither skip
-- an event nor add a leaf for one that does not exist; a wrong hash is found by `postern log verify`.
CREATE FUNCTION guard_leaf() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  newest log_leaves%ROWTYPE;
BEGIN
  SELECT * INTO newest FROM log_leaves ORDER BY index DESC LIMIT 1;
  IF NEW.index <> coalesce(newest.index + 1, 0)
     OR NEW.seq IS DISTINCT FROM (SELECT seq FROM audit_events WHERE seq > coalesce(newest.seq, 0) ORDER BY seq LIMIT 1) THEN
    RAISE EXCEPTION 'the next leaf is that of the next event' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_leaves_guard BEFORE INSERT ON "log_leaves" FOR EACH ROW EXECUTE FUNCTION guard_leaf();
ALTER TABLE "log_leaves" ADD CONSTRAINT log_leaves_bytes CHECK (length(hash) = 32 AND length(salt) = 32);
ALTER TABLE "log_nodes" ADD CONSTRAINT log_nodes_bytes CHECK (length(hash) = 32);
-- Hashes of complete subtrees follow from the leaves (RFC 6962), so the database adds them itself: one that the application's role
-- added or left out would keep every later checkpoint from being signed.
CREATE FUNCTION write_nodes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  tile BIGINT := NEW.index;
  hashes BYTEA[];
BEGIN
  FOR above IN 1..8 LOOP
    EXIT WHEN (tile + 1) % 256 <> 0;
    tile := tile / 256;
    hashes := CASE above
      WHEN 1 THEN ARRAY(SELECT hash FROM log_leaves WHERE index BETWEEN tile * 256 AND tile * 256 + 255 ORDER BY index)
      ELSE ARRAY(SELECT hash FROM log_nodes WHERE level = above - 1 AND index BETWEEN tile * 256 AND tile * 256 + 255 ORDER BY index)
    END;
    WHILE cardinality(hashes) > 1 LOOP
      hashes := ARRAY(SELECT sha256('\x01'::bytea || hashes[2 * pair - 1] || hashes[2 * pair])
        FROM generate_series(1, cardinality(hashes) / 2) AS pair ORDER BY pair);
    END LOOP;
    INSERT INTO log_nodes (level, index, hash) VALUES (above, tile, hashes[1]);
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER log_leaves_write_nodes AFTER INSERT ON "log_leaves" FOR EACH ROW WHEN ((NEW.index + 1) % 256 = 0) EXECUTE FUNCTION write_nodes();
-- No key is here to verify a checkpoint with: whoever reads one verifies its signature. One can't be stored ahead of the log.
ALTER TABLE "log_checkpoints" ADD CONSTRAINT log_checkpoints_note CHECK (length(note) <= 1000);
CREATE FUNCTION guard_checkpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.size < 0 OR NEW.size > (SELECT coalesce(max(index) + 1, 0) FROM log_leaves) THEN
    RAISE EXCEPTION 'a checkpoint is not larger than the log' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_checkpoints_guard BEFORE INSERT ON "log_checkpoints" FOR EACH ROW EXECUTE FUNCTION guard_checkpoint();
-- Neither an anchor nor a receiver has more than the log, or something from the future: one write must not stop them for ever.
CREATE FUNCTION guard_anchor() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.size > (SELECT coalesce(max(index) + 1, 0) FROM log_leaves) THEN
    RAISE EXCEPTION 'an anchor has no more than the log' USING ERRCODE = '23514';
  END IF;
  NEW.kept_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER log_anchors_guard BEFORE INSERT OR UPDATE ON "log_anchors" FOR EACH ROW EXECUTE FUNCTION guard_anchor();
CREATE FUNCTION guard_forward() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.next > (SELECT coalesce(max(index) + 1, 0) FROM log_leaves) THEN
    RAISE EXCEPTION 'a receiver has no more than the log' USING ERRCODE = '23514';
  END IF;
  IF NEW.lease_until > clock_timestamp() + interval '3 minutes' THEN
    RAISE EXCEPTION 'the lease of a receiver lasts at most three minutes' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER log_forwards_guard BEFORE INSERT OR UPDATE ON "log_forwards" FOR EACH ROW EXECUTE FUNCTION guard_forward();
CREATE TRIGGER log_leaves_are_permanent BEFORE UPDATE OR DELETE ON "log_leaves" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_leaves_stay BEFORE TRUNCATE ON "log_leaves" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_nodes_are_permanent BEFORE UPDATE OR DELETE ON "log_nodes" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_nodes_stay BEFORE TRUNCATE ON "log_nodes" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_checkpoints_are_permanent BEFORE UPDATE OR DELETE ON "log_checkpoints" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_checkpoints_stay BEFORE TRUNCATE ON "log_checkpoints" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "log_leaves" ENABLE ALWAYS TRIGGER log_leaves_are_permanent;
ALTER TABLE "log_leaves" ENABLE ALWAYS TRIGGER log_leaves_stay;
ALTER TABLE "log_nodes" ENABLE ALWAYS TRIGGER log_nodes_are_permanent;
ALTER TABLE "log_nodes" ENABLE ALWAYS TRIGGER log_nodes_stay;
ALTER TABLE "log_checkpoints" ENABLE ALWAYS TRIGGER log_checkpoints_are_permanent;
ALTER TABLE "log_checkpoints" ENABLE ALWAYS TRIGGER log_checkpoints_stay;

-- What the API servers have reported is history as well.
CREATE TRIGGER activity_is_permanent BEFORE UPDATE OR DELETE ON "activity" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER activity_stays BEFORE TRUNCATE ON "activity" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
-- Which source a call has, and which grant its account belongs to, the database decides from what the API server reported. The application's role
-- could otherwise add a source before its first call, and give the calls another account or no grant (see lib/core/activity/grant-account.ts).
CREATE FUNCTION activity_source_key(cluster text, account text, impersonated text, credential text, address text, forwarded_for text, user_agent text)
  RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT left(encode(sha256(convert_to(jsonb_build_array($1, $2, $3, $4, $5, $6, $7)::text, 'UTF8')), 'hex'), 32)::uuid
$$;
CREATE FUNCTION activity_grant_of(in_cluster text, account text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT id FROM grants WHERE grants.cluster = in_cluster
    AND id = 'grt_' || substring(account FROM '^system:serviceaccount:postern-grants:postern-([0-9a-hjkmnp-tv-z]{26})$')
$$;
CREATE FUNCTION guard_source() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  NEW.key := activity_source_key(NEW.cluster, NEW.account, NEW.impersonated, NEW.credential_id, NEW.address, NEW.forwarded_for, NEW.user_agent);
  NEW.grant_id := coalesce(activity_grant_of(NEW.cluster, NEW.account), activity_grant_of(NEW.cluster, NEW.impersonated));
  RETURN NEW;
END $$;
CREATE TRIGGER activity_sources_guard BEFORE INSERT ON "activity_sources" FOR EACH ROW EXECUTE FUNCTION guard_source();
CREATE TRIGGER activity_sources_are_permanent BEFORE UPDATE OR DELETE ON "activity_sources" FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER activity_sources_stay BEFORE TRUNCATE ON "activity_sources" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE "activity" ENABLE ALWAYS TRIGGER activity_is_permanent;
ALTER TABLE "activity" ENABLE ALWAYS TRIGGER activity_stays;
ALTER TABLE "activity_sources" ENABLE ALWAYS TRIGGER activity_sources_are_permanent;
ALTER TABLE "activity_sources" ENABLE ALWAYS TRIGGER activity_sources_stay;
ALTER TABLE "activity"
  ADD CONSTRAINT activity_kind CHECK (kind IN ('grant', 'rbac', 'admission', 'token', 'secret', 'postern', 'authentication')),
  ADD CONSTRAINT activity_begin_has_no_end CHECK (is_start = (ended_at IS NULL));
ALTER TABLE "activity_counts"
  ADD CONSTRAINT activity_counts_outcome CHECK (outcome IN ('kept', 'counted', 'duplicate', 'rejected'));
-- Begins of calls, which are few: most calls have only an end.
CREATE INDEX activity_begins ON "activity" (source_id, call) WHERE is_start;

-- An hour or day that is not over can't be counted: the next one to count is the one after the last.
ALTER TABLE "audit_counts" ADD CONSTRAINT audit_counts_are_of_the_past CHECK (
  (span = 'hour' AND start + interval '1 hour' <= clock_timestamp()) OR
  (span = 'day' AND start + interval '1 day' <= clock_timestamp()));

-- 2. A request moves only along its status machine (lib/core/access/status.ts holds the same table; a test compares them),
-- its submitted terms never change, and its current terms are only ever narrowed.
CREATE FUNCTION guard_request() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' THEN
      RAISE EXCEPTION 'a request starts as pending, not as %', NEW.status USING ERRCODE = '23514';
    END IF;
    IF NEW.extends_grant_id IS NOT NULL AND NOT EXISTS (SELECT FROM grants g JOIN requests r ON r.id = g.request_id
       WHERE g.id = NEW.extends_grant_id AND g.activated_at IS NOT NULL AND r.requester_id = NEW.requester_id
         AND NEW.held_since = coalesce(r.held_since, g.activated_at)) THEN
      RAISE EXCEPTION 'a request can only extend access of its requester' USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status <> OLD.status AND NOT (OLD.status = 'pending' AND NEW.status IN ('approved', 'denied', 'withdrawn', 'lapsed')) THEN
    RAISE EXCEPTION 'a request cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514';
  END IF;
  IF (NEW.id, NEW.requester_id, NEW.cluster, NEW.submitted_terms, NEW.reason, NEW.ticket, NEW.verdict, NEW.facts, NEW.difference, NEW.steps,
      NEW.extends_grant_id, NEW.held_since, NEW.review_due_at, NEW.agent, NEW.lapses_at, NEW.entitlement_name, NEW.entitlement_hash, NEW.policy_hash, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.requester_id, OLD.cluster, OLD.submitted_terms, OLD.reason, OLD.ticket, OLD.verdict, OLD.facts, OLD.difference, OLD.steps,
      OLD.extends_grant_id, OLD.held_since, OLD.review_due_at, OLD.agent, OLD.lapses_at, OLD.entitlement_name, OLD.entitlement_hash, OLD.policy_hash, OLD.created_at) THEN
    RAISE EXCEPTION 'a submitted request cannot be changed' USING ERRCODE = '23514';
  END IF;
  -- An escalation shows a pending request to the groups that its steps name for this time (lib/core/approvals/escalation.ts).
  IF NEW.approver_groups IS DISTINCT FROM OLD.approver_groups AND NOT (OLD.status = 'pending' AND NEW.approver_groups @> OLD.approver_groups
     AND NEW.approver_groups <@ (OLD.approver_groups || ARRAY(
       SELECT jsonb_array_elements_text(level -> 'groups')
       FROM jsonb_array_elements(OLD.steps) AS step, jsonb_array_elements(step -> 'escalate') AS level
       WHERE OLD.created_at + make_interval(secs => (level ->> 'after')::float8) <= clock_timestamp()))) THEN
    RAISE EXCEPTION 'a request is shown only to the groups of its steps, and of an escalation that is due' USING ERRCODE = '23514';
  END IF;
  IF NEW.comment_count < OLD.comment_count THEN
    RAISE EXCEPTION 'comments are permanent' USING ERRCODE = '23514';
  END IF;
  IF OLD.status <> 'pending' AND (NEW.namespaces, NEW.rules, NEW.duration_seconds, NEW.digest, NEW.resolved_at)
     IS DISTINCT FROM (OLD.namespaces, OLD.rules, OLD.duration_seconds, OLD.digest, OLD.resolved_at) THEN
    RAISE EXCEPTION 'the terms of a decided request cannot be changed' USING ERRCODE = '23514';
  END IF;
  IF NEW.duration_seconds > OLD.duration_seconds OR NOT (NEW.namespaces <@ OLD.namespaces)
     OR (NEW.cluster_role, NEW.starts_at) IS DISTINCT FROM (OLD.cluster_role, OLD.starts_at) THEN
    RAISE EXCEPTION 'the terms of a request can only be narrowed' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
-- Only a pending request is commented on, and its requester can't stop the clock of its escalation.
CREATE FUNCTION guard_comment() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM requests WHERE id = NEW.request_id AND status = 'pending' AND NOT (NEW.needs_information AND requester_id = NEW.person_id)) THEN
    RAISE EXCEPTION 'only a pending request is commented on, and only an approver needs information' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER comments_guard BEFORE INSERT ON "comments" FOR EACH ROW EXECUTE FUNCTION guard_comment();
CREATE TRIGGER requests_guard BEFORE INSERT OR UPDATE ON "requests" FOR EACH ROW EXECUTE FUNCTION guard_request();

-- 3. Requesters never decide their own requests (promise 2).
CREATE FUNCTION guard_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM requests WHERE id = NEW.request_id AND requester_id = NEW.person_id) THEN
    RAISE EXCEPTION 'a requester cannot decide their own request' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION guard_review() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM requests WHERE id = NEW.request_id AND requester_id <> NEW.person_id AND review_due_at IS NOT NULL) THEN
    RAISE EXCEPTION 'break-glass access is reviewed by someone other than its holder' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER reviews_guard BEFORE INSERT ON "reviews" FOR EACH ROW EXECUTE FUNCTION guard_review();
ALTER TABLE "notice_preferences" ADD CONSTRAINT notice_preferences_absence CHECK (
  num_nonnulls(away_from, away_until, delegate_id) IN (0, 3) AND away_until > away_from AND delegate_id <> person_id);
ALTER TABLE "reviews" ADD CONSTRAINT reviews_outcome CHECK (outcome IN ('justified', 'not-justified'));
CREATE TRIGGER decisions_guard BEFORE INSERT ON "decisions" FOR EACH ROW EXECUTE FUNCTION guard_decision();

-- 4. A grant belongs to an approved request, covers the same cluster and duration (promise 3), moves only along its status
-- machine, starts once, and its end can only move earlier.
CREATE FUNCTION guard_new_grant() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.status <> 'pending' THEN
    RAISE EXCEPTION 'a grant starts as pending, not as %', NEW.status USING ERRCODE = '23514';
  END IF;
  IF NOT EXISTS (SELECT FROM requests WHERE id = NEW.request_id AND status = 'approved' AND cluster = NEW.cluster
                 AND duration_seconds = NEW.duration_seconds) THEN
    RAISE EXCEPTION 'a grant must match an approved request' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_guard_new BEFORE INSERT ON "grants" FOR EACH ROW EXECUTE FUNCTION guard_new_grant();

CREATE FUNCTION guard_grant() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.status <> OLD.status AND NOT (
       (OLD.status = 'pending' AND NEW.status IN ('active', 'ending'))
    OR (OLD.status = 'active' AND NEW.status = 'ending')
    OR (OLD.status = 'ending' AND NEW.status = 'ended')
    OR (OLD.status = 'ended' AND NEW.status = 'ending')) THEN
    RAISE EXCEPTION 'a grant cannot go from % to %', OLD.status, NEW.status USING ERRCODE = '23514';
  END IF;
  IF OLD.status = 'ended' AND NEW.status = 'ended' AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'an ended grant cannot be changed' USING ERRCODE = '23514';
  END IF;
  IF (NEW.id, NEW.request_id, NEW.cluster, NEW.duration_seconds) IS DISTINCT FROM (OLD.id, OLD.request_id, OLD.cluster, OLD.duration_seconds) THEN
    RAISE EXCEPTION 'the approved terms of a grant cannot be changed' USING ERRCODE = '23514';
  END IF;
  IF OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at) THEN
    RAISE EXCEPTION 'the end of a grant cannot be moved later' USING ERRCODE = '23514';
  END IF;
  IF OLD.activated_at IS NOT NULL AND NEW.activated_at IS DISTINCT FROM OLD.activated_at THEN
    RAISE EXCEPTION 'a grant starts only once' USING ERRCODE = '23514';
  END IF;
  IF OLD.ending_at IS NOT NULL AND NEW.ending_at IS DISTINCT FROM OLD.ending_at THEN
    RAISE EXCEPTION 'a grant begins to end only once' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_guard BEFORE UPDATE ON "grants" FOR EACH ROW EXECUTE FUNCTION guard_grant();

-- Writing to the queue must not postpone an end: not by a start in the future, a due time or a lease. An end is not dated
-- back either, because only recent ones are verified again and again. Each time is checked only when it is written, because a
-- clock that is set back would otherwise block every later change of the row.
CREATE FUNCTION guard_grant_times() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  is_new BOOLEAN := TG_OP = 'INSERT';
BEGIN
  IF (is_new OR NEW.activated_at IS DISTINCT FROM OLD.activated_at) AND NEW.activated_at > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'access cannot start in the future' USING ERRCODE = '23514';
  END IF;
  IF (is_new OR NEW.next_attempt_at IS DISTINCT FROM OLD.next_attempt_at OR NEW.status IS DISTINCT FROM OLD.status)
     AND (NEW.status = 'active' AND NEW.next_attempt_at > greatest(NEW.expires_at, clock_timestamp() + interval '1 minute')
       OR NEW.status = 'ending' AND NEW.next_attempt_at > clock_timestamp() + interval '1 minute') THEN
    RAISE EXCEPTION 'the end of a grant cannot be postponed' USING ERRCODE = '23514';
  END IF;
  IF (is_new OR NEW.lease_until IS DISTINCT FROM OLD.lease_until) AND NEW.lease_until > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'a lease lasts at most a minute' USING ERRCODE = '23514';
  END IF;
  IF (is_new OR NEW.ending_at IS DISTINCT FROM OLD.ending_at) AND NEW.ending_at > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'access cannot begin to end in the future' USING ERRCODE = '23514';
  END IF;
  IF (is_new OR NEW.ended_at IS DISTINCT FROM OLD.ended_at)
     AND NEW.ended_at NOT BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'an end is recorded when it is confirmed' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER grants_guard_times BEFORE INSERT OR UPDATE OF "activated_at", "next_attempt_at", "lease_until", "ending_at", "ended_at", "status"
  ON "grants" FOR EACH ROW EXECUTE FUNCTION guard_grant_times();

-- The objects of a grant stay its objects, under their names, and the database says when they were deleted.
CREATE FUNCTION guard_grant_object() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.grant_id, NEW.cluster, NEW.kind, NEW.namespace, NEW.name) IS DISTINCT FROM (OLD.grant_id, OLD.cluster, OLD.kind, OLD.namespace, OLD.name) THEN
      RAISE EXCEPTION 'an object of a grant cannot become another' USING ERRCODE = '23514';
    END IF;
    IF OLD.removed_at IS NOT NULL AND NEW.removed_at IS DISTINCT FROM OLD.removed_at THEN
      RAISE EXCEPTION 'an object is deleted only once' USING ERRCODE = '23514';
    END IF;
    IF OLD.removed_at IS NOT NULL THEN
      RETURN NEW;
    END IF;
  END IF;
  NEW.removed_at := CASE WHEN NEW.removed_at IS NOT NULL THEN clock_timestamp() END;
  RETURN NEW;
END $$;
CREATE TRIGGER grant_objects_guard BEFORE INSERT OR UPDATE ON "grant_objects" FOR EACH ROW EXECUTE FUNCTION guard_grant_object();

ALTER TABLE "requests"
  ADD CONSTRAINT requests_duration_positive CHECK (duration_seconds > 0),
  ADD CONSTRAINT requests_have_namespaces CHECK (cardinality(namespaces) > 0),
  ADD CONSTRAINT requests_extend_since CHECK ((extends_grant_id IS NULL) = (held_since IS NULL)),
  ADD CONSTRAINT requests_resolved CHECK ((status = 'pending') = (resolved_at IS NULL));
-- Of several extensions of one grant only one waits. Prisma has no partial indexes.
CREATE UNIQUE INDEX requests_one_extension ON "requests" (extends_grant_id) WHERE status = 'pending';
ALTER TABLE "grants"
  ADD CONSTRAINT grants_active_has_end CHECK (status <> 'active' OR (activated_at IS NOT NULL AND expires_at IS NOT NULL)),
  ADD CONSTRAINT grants_expire_on_time CHECK (expires_at IS NULL OR expires_at <= activated_at + make_interval(secs => duration_seconds)),
  ADD CONSTRAINT grants_ending_has_reason CHECK ((status IN ('ending', 'ended')) = (ended_by IS NOT NULL AND ending_at IS NOT NULL)),
  ADD CONSTRAINT grants_ended_has_time CHECK ((status = 'ended') = (ended_at IS NOT NULL)),
  ADD CONSTRAINT grants_work_left CHECK ((status = 'ended') = (next_attempt_at IS NULL));

-- 5. A person's identity (issuer and subject) never changes, and every e-mail address that was ever verified stays known:
-- a second account of the same person cannot decide their requests, even after an address was changed or removed. The
-- application adds each address in the form in which it compares (lib/core/access/same-person.ts); the trigger adds it as
-- the provider sent it, and lets no one take an address away.
-- Why the provider's last answer had no groups (lib/core/access/learn-groups.ts holds the same list); it decides nothing.
ALTER TABLE "people"
  ADD CONSTRAINT people_groups_problem CHECK (groups_problem IN ('absent', 'overage', 'unusable'));
CREATE FUNCTION guard_person() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  kept TEXT[] := ARRAY[]::TEXT[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (NEW.id, NEW.issuer, NEW.subject) IS DISTINCT FROM (OLD.id, OLD.issuer, OLD.subject) THEN
      RAISE EXCEPTION 'the identity of a person cannot be changed' USING ERRCODE = '23514';
    END IF;
    kept := OLD.known_emails;
  END IF;
  NEW.known_emails := kept || ARRAY(
    SELECT DISTINCT email FROM unnest(NEW.known_emails || CASE WHEN NEW.email_verified THEN NEW.email END) AS given(email)
    WHERE email IS NOT NULL AND email <> ALL (kept));
  RETURN NEW;
END $$;
CREATE TRIGGER people_guard BEFORE INSERT OR UPDATE ON "people" FOR EACH ROW EXECUTE FUNCTION guard_person();

-- 6. Findings: closed lists (lib/core/access/finding.ts holds the same; a test compares them). Only when a finding was last
-- seen, and its outcome, may be written after it was recorded.
ALTER TABLE "findings"
  ADD CONSTRAINT findings_kind CHECK (kind IN ('object-missing', 'object-changed', 'object-replaced', 'object-foreign', 'object-stray')),
  ADD CONSTRAINT findings_outcome CHECK (outcome IN ('repaired', 'removed', 'access-ended', 'gone')),
  ADD CONSTRAINT findings_resolved CHECK ((resolved_at IS NULL) = (outcome IS NULL)),
  -- Counting on must never fail.
  ADD CONSTRAINT findings_times CHECK (times BETWEEN 1 AND 1000000);
-- An unresolved finding that is seen again is the same finding. Prisma has no partial indexes.
CREATE UNIQUE INDEX findings_open ON "findings" (cluster, kind, object_kind, namespace, name) WHERE resolved_at IS NULL;
CREATE FUNCTION guard_finding() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.resolved_at > clock_timestamp() + interval '1 minute' THEN
    RAISE EXCEPTION 'a finding cannot be resolved in the future' USING ERRCODE = '23514';
  END IF;
  IF TG_OP = 'INSERT' THEN
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.kind, NEW.cluster, NEW.grant_id, NEW.object_kind, NEW.namespace, NEW.name, NEW.first_seen_at)
     IS DISTINCT FROM (OLD.id, OLD.kind, OLD.cluster, OLD.grant_id, OLD.object_kind, OLD.namespace, OLD.name, OLD.first_seen_at)
     OR OLD.resolved_at IS NOT NULL THEN
    RAISE EXCEPTION 'a recorded finding cannot be changed' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER findings_guard BEFORE INSERT OR UPDATE ON "findings" FOR EACH ROW EXECUTE FUNCTION guard_finding();

-- 7. Notifications. A new or moved grant wakes the workers, by its id and status, an order for a credential wakes the worker that will issue it,
-- and whatever changes on a page is announced to the processes that serve pages (lib/adapters/db/changes.ts): by the id of the
-- request it belongs to, or by `*` where it concerns everyone.
CREATE FUNCTION wake_worker() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('postern_grant', NEW.id || ' ' || NEW.status);
  RETURN NULL;
END $$;
CREATE TRIGGER grants_wake AFTER INSERT ON "grants" FOR EACH ROW EXECUTE FUNCTION wake_worker();
CREATE TRIGGER grants_wake_on_move AFTER UPDATE OF status ON "grants" FOR EACH ROW WHEN (NEW.status IS DISTINCT FROM OLD.status) EXECUTE FUNCTION wake_worker();

CREATE FUNCTION announce_request() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('postern_change', NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER requests_announce AFTER INSERT ON "requests" FOR EACH ROW EXECUTE FUNCTION announce_request();
CREATE TRIGGER requests_announce_move AFTER UPDATE ON "requests" FOR EACH ROW
  WHEN ((NEW.status, NEW.digest, NEW.approver_groups) IS DISTINCT FROM (OLD.status, OLD.digest, OLD.approver_groups))
  EXECUTE FUNCTION announce_request();
CREATE FUNCTION announce_its_request() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('postern_change', NEW.request_id);
  RETURN NULL;
END $$;
CREATE TRIGGER comments_announce AFTER INSERT ON "comments" FOR EACH ROW EXECUTE FUNCTION announce_its_request();
CREATE TRIGGER reviews_announce AFTER INSERT ON "reviews" FOR EACH ROW EXECUTE FUNCTION announce_its_request();
CREATE TRIGGER decisions_announce AFTER INSERT ON "decisions" FOR EACH ROW EXECUTE FUNCTION announce_its_request();
CREATE TRIGGER grants_announce_move AFTER UPDATE ON "grants" FOR EACH ROW
  WHEN ((NEW.status, NEW.last_error) IS DISTINCT FROM (OLD.status, OLD.last_error)) EXECUTE FUNCTION announce_its_request();
CREATE FUNCTION announce_to_everyone() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('postern_change', '*');
  RETURN NULL;
END $$;
CREATE TRIGGER cluster_states_announce AFTER UPDATE ON "cluster_states" FOR EACH ROW
  WHEN ((NEW.reachable, NEW.error, NEW.version, NEW.permissions, NEW.admission) IS DISTINCT FROM (OLD.reachable, OLD.error, OLD.version, OLD.permissions, OLD.admission))
  EXECUTE FUNCTION announce_to_everyone();
CREATE TRIGGER findings_announce AFTER INSERT ON "findings" FOR EACH ROW EXECUTE FUNCTION announce_to_everyone();
CREATE TRIGGER findings_announce_outcome AFTER UPDATE ON "findings" FOR EACH ROW
  WHEN (NEW.outcome IS DISTINCT FROM OLD.outcome) EXECUTE FUNCTION announce_to_everyone();

CREATE FUNCTION wake_for_credential() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM pg_notify('postern_credential', NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER credential_orders_wake AFTER INSERT ON "credential_orders" FOR EACH ROW EXECUTE FUNCTION wake_for_credential();

-- 8. Notices. An event and its outbox entries are written by one statement, by a trigger that runs as the owner:
-- no code path can forget an entry, and the application's role can't add one without an event. A notice belongs to an
-- entry, and after it was added only its delivery may be written (lib/core/notices/kinds.ts holds the kinds; a test compares them).
CREATE FUNCTION write_outbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  ends_at TIMESTAMPTZ;
BEGIN
  INSERT INTO outbox (event_id, kind, request_id, due_at)
    SELECT NEW.id, CASE NEW.type
      WHEN 'request.submitted' THEN 'request-waits'
      WHEN 'request.reminded' THEN 'request-reminder'
      WHEN 'request.escalated' THEN 'request-escalated'
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
CREATE TRIGGER audit_events_tell AFTER INSERT ON "audit_events" FOR EACH ROW
  WHEN (NEW.type = 'posture.worsened' OR NEW.request_id IS NOT NULL AND NEW.type IN ('request.submitted', 'request.reminded', 'request.escalated', 'comment.added', 'request.approved', 'request.denied', 'request.withdrawn', 'request.lapsed',
    'grant.active', 'grant.failed', 'grant.ending', 'grant.ended', 'review.recorded', 'activity.suspicious'))
  EXECUTE FUNCTION write_outbox();

ALTER TABLE "outbox"
  ADD CONSTRAINT outbox_kind CHECK (kind IN ('request-waits', 'request-reminder', 'request-escalated', 'comment-added', 'request-decided', 'access-began', 'access-ends-soon', 'access-revoked', 'access-ended',
    'begin-failed', 'end-failed', 'break-glass-used', 'review-due', 'review-recorded', 'posture-worsened', 'suspicious-call')),
  -- A notice about the standing access of a cluster belongs to no request.
  ADD CONSTRAINT outbox_request CHECK ((request_id IS NULL) = (kind = 'posture-worsened'));
ALTER TABLE "posture_findings"
  ADD CONSTRAINT posture_findings_accepted CHECK ((acceptance IS NULL) = (accepted_until IS NULL));
ALTER TABLE "notices"
  ADD CONSTRAINT notices_outcome CHECK (outcome IN ('sent', 'dropped', 'dead')),
  ADD CONSTRAINT notices_work_left CHECK ((outcome IS NULL) = (next_attempt_at IS NOT NULL) AND (outcome IS NULL) = (outcome_at IS NULL));
-- What is sent stays sent, and no write can put a notice off for long.
CREATE FUNCTION guard_notice() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.outcome IN ('sent', 'dropped') AND NEW.outcome IS DISTINCT FROM OLD.outcome THEN
    RAISE EXCEPTION 'a notice is sent only once' USING ERRCODE = '23514';
  END IF;
  IF NEW.next_attempt_at IS DISTINCT FROM OLD.next_attempt_at AND NEW.next_attempt_at > clock_timestamp() + interval '2 hours' THEN
    RAISE EXCEPTION 'a notice cannot be put off for more than two hours' USING ERRCODE = '23514';
  END IF;
  IF NEW.lease_until IS DISTINCT FROM OLD.lease_until AND NEW.lease_until > clock_timestamp() + interval '3 minutes' THEN
    RAISE EXCEPTION 'the lease of a notice lasts at most three minutes' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notices_guard BEFORE UPDATE ON "notices" FOR EACH ROW EXECUTE FUNCTION guard_notice();
CREATE INDEX outbox_due ON "outbox" (due_at) WHERE spread_at IS NULL;
CREATE INDEX notices_queue ON "notices" (channel, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notices_dead ON "notices" (outcome_at) WHERE outcome = 'dead';

-- 9. Indexes that Prisma's schema cannot express: search by actor in any letter case and by the words of a request, refusals of the last days, refused
-- submissions that another policy can be replayed on, and requests that guardrails stopped after submission.
CREATE INDEX audit_events_actor_name_folded ON "audit_events" (lower("actor_name"), seq DESC);
CREATE INDEX audit_events_actor_email_folded ON "audit_events" (lower("actor_email"), seq DESC);
CREATE INDEX audit_events_actor_subject_folded ON "audit_events" (lower("actor_subject"), seq DESC);
CREATE INDEX audit_events_refused_at ON "audit_events" (at) WHERE type = 'request.refused';
CREATE INDEX audit_events_refused_submissions ON "audit_events" (seq) WHERE type = 'request.refused' AND data -> 'submission' IS NOT NULL;
CREATE INDEX audit_events_stopped_later ON "audit_events" (at)
  WHERE type IN ('decision.refused', 'grant.ending') AND data -> 'stoppedBy' IS NOT NULL;
-- Break-glass access: open reviews, and the uses of one person.
CREATE INDEX requests_reviewed ON "requests" (requester_id, review_due_at) WHERE review_due_at IS NOT NULL;
-- The open requests of one person are counted at each submission.
CREATE INDEX requests_open ON "requests" (requester_id) WHERE status = 'pending';
CREATE INDEX requests_follow_up ON "requests" (follow_up_at) WHERE status = 'pending';
-- The words that the history can be searched for.
CREATE FUNCTION search_text(reason text, ticket text, entitlement text, rules jsonb) RETURNS tsvector
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector('simple', reason || ' ' || coalesce(ticket, '') || ' ' || entitlement)
    || jsonb_to_tsvector('simple', rules, '["string"]')
$$;
CREATE INDEX requests_search_text ON "requests" USING GIN (search_text("reason", "ticket", "entitlement_name", "rules"));
CREATE INDEX requests_rules ON "requests" USING GIN ("rules" jsonb_path_ops);
CREATE INDEX requests_entitlement ON "requests" (entitlement_name);
-- The most severe of the risks that were recorded at submission; null if the rules were not known then.
CREATE FUNCTION submitted_severity(facts jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN jsonb_path_exists(facts, '$.risks[*] ? (@.severity == "high")') THEN 'high'
    WHEN jsonb_path_exists(facts, '$.risks[*] ? (@.severity == "medium")') THEN 'medium'
    WHEN jsonb_typeof(facts -> 'risks') = 'array' THEN 'low'
  END
$$;
CREATE INDEX requests_severity ON "requests" (submitted_severity("facts"));
-- The queue, by kind of work and cluster.
CREATE INDEX grants_queue ON "grants" (status, cluster, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX grants_ended_at ON "grants" (ended_at) WHERE status = 'ended';
-- The content is compressed before it is stored.
ALTER TABLE "cluster_rights" ALTER COLUMN "content" SET STORAGE EXTERNAL;

-- 10. The privileges of the application's role, table by table. It can alter nothing. It cannot choose the time or the order
-- of an audit event: `at` and `seq` are the database's.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
-- A database from before PostgreSQL 15 lets everyone create tables. Every database lets everyone create temporary ones.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $$ BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
GRANT USAGE ON SCHEMA public TO postern_app;
GRANT SELECT ON "audit_events" TO postern_app;
GRANT INSERT ("id", "type", "actor_kind", "actor_id", "actor_issuer", "actor_subject", "actor_name", "actor_email", "via", "client_address",
  "reference", "request_id", "grant_id", "about_id", "cluster", "namespaces", "policy_hash", "data", "before", "after") ON "audit_events" TO postern_app;
GRANT SELECT, INSERT ON "decisions", "comments", "reviews", "policy_versions", "entitlement_versions", "credentials" TO postern_app;
GRANT SELECT, INSERT, UPDATE ON "people", "requests", "grants", "grant_objects", "findings", "posture_findings", "posture_states", "cluster_states", "cluster_rights", "rota_states" TO postern_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON "sessions", "favourites", "saved_filters", "idempotency", "workers", "credential_orders", "rate_buckets" TO postern_app;
GRANT SELECT, INSERT ON "audit_counts", "log_leaves" TO postern_app;
GRANT SELECT ON "log_nodes" TO postern_app;
GRANT SELECT, INSERT ("size", "note") ON "log_checkpoints" TO postern_app;
GRANT SELECT, INSERT, UPDATE ON "log_anchors", "log_forwards" TO postern_app;
GRANT SELECT, INSERT ON "activity", "activity_sources", "activity_rejections" TO postern_app;
GRANT SELECT, INSERT, UPDATE ON "activity_counts", "activity_feeds" TO postern_app;
GRANT SELECT, UPDATE ("due_at", "spread_at") ON "outbox" TO postern_app;
GRANT SELECT, INSERT, UPDATE ON "notice_preferences" TO postern_app;
GRANT SELECT, INSERT ("id", "event_id", "kind", "request_id", "channel", "recipient") ON "notices" TO postern_app;
GRANT UPDATE ("attempts", "next_attempt_at", "lease_until", "leased_by", "outcome", "outcome_at", "last_error", "receipt") ON "notices" TO postern_app;
GRANT USAGE ON SEQUENCE "audit_events_seq_seq", "activity_id_seq", "activity_sources_id_seq", "activity_rejections_id_seq" TO postern_app;
-- `_prisma_migrations` exists in every real database, but not in the empty one that Prisma compares schemas with.
DO $$ BEGIN
  IF to_regclass('"_prisma_migrations"') IS NOT NULL THEN
    GRANT SELECT ON "_prisma_migrations" TO postern_app;
  END IF;
END $$;
