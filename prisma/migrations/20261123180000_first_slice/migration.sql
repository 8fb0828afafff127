-- CreateEnum
CREATE TYPE "request_status" AS ENUM ('pending', 'approved', 'denied', 'withdrawn', 'lapsed');

-- CreateEnum
CREATE TYPE "grant_status" AS ENUM ('pending', 'active', 'ending', 'ended');

-- CreateEnum
CREATE TYPE "end_reason" AS ENUM ('expiry', 'revocation', 'release', 'failure', 'ineligible');

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
    "groups" TEXT[],
    "groups_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

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

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
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
    "asked" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "ticket" TEXT,
    "verdict" JSONB NOT NULL,
    "steps" JSONB NOT NULL,
    "approver_groups" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lapses_at" TIMESTAMPTZ(6) NOT NULL,
    "resolved_at" TIMESTAMPTZ(6),

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
    "groups" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "decisions_pkey" PRIMARY KEY ("id")
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
CREATE TABLE "idempotency" (
    "person_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "body" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

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
    "permissions" JSONB NOT NULL,
    "swept_at" TIMESTAMPTZ(6),

    CONSTRAINT "cluster_states_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "workers" (
    "id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workers_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "people_groups_idx" ON "people" USING GIN ("groups");

-- CreateIndex
CREATE UNIQUE INDEX "people_issuer_subject_key" ON "people"("issuer", "subject");

-- CreateIndex
CREATE INDEX "sessions_person_id_idx" ON "sessions"("person_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

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
CREATE INDEX "idempotency_created_at_idx" ON "idempotency"("created_at");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_requester_id_fkey" FOREIGN KEY ("requester_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_entitlement_hash_fkey" FOREIGN KEY ("entitlement_hash") REFERENCES "entitlement_versions"("hash") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "requests" ADD CONSTRAINT "requests_policy_hash_fkey" FOREIGN KEY ("policy_hash") REFERENCES "policy_versions"("hash") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "requests"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "grants" ADD CONSTRAINT "grants_request_id_fkey" FOREIGN KEY ("request_id") REFERENCES "requests"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "grant_objects" ADD CONSTRAINT "grant_objects_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_person_id_fkey" FOREIGN KEY ("person_id") REFERENCES "people"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


