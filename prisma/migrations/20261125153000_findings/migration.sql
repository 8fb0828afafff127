-- AlterTable
ALTER TABLE "credentials" ADD COLUMN "account_uid" TEXT;

-- AlterTable
ALTER TABLE "grant_objects" ADD COLUMN "fingerprint" TEXT;

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

-- CreateIndex
CREATE INDEX "findings_grant_id_id_idx" ON "findings"("grant_id", "id" DESC);

-- CreateIndex
CREATE INDEX "findings_cluster_id_idx" ON "findings"("cluster", "id" DESC);

-- CreateIndex
CREATE INDEX "findings_last_seen_at_idx" ON "findings"("last_seen_at");

-- AddForeignKey
ALTER TABLE "findings" ADD CONSTRAINT "findings_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- The closed lists (lib/access/finding.ts holds the same; a test compares them).
ALTER TABLE "findings"
  ADD CONSTRAINT findings_kind CHECK (kind IN ('object-missing', 'object-changed', 'object-replaced', 'object-foreign', 'object-stray')),
  ADD CONSTRAINT findings_outcome CHECK (outcome IN ('repaired', 'removed', 'access-ended', 'gone')),
  ADD CONSTRAINT findings_resolved CHECK ((resolved_at IS NULL) = (outcome IS NULL));

-- What is seen again while it stands is the same finding. Prisma cannot say an index of a part of a table.
CREATE UNIQUE INDEX findings_open ON "findings" (cluster, kind, object_kind, namespace, name) WHERE resolved_at IS NULL;

-- What was found stays what it was; only when it was last seen, and what came of it, is written later.
CREATE FUNCTION guard_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.kind, NEW.cluster, NEW.grant_id, NEW.object_kind, NEW.namespace, NEW.name, NEW.first_seen_at)
     IS DISTINCT FROM (OLD.id, OLD.kind, OLD.cluster, OLD.grant_id, OLD.object_kind, OLD.namespace, OLD.name, OLD.first_seen_at)
     OR OLD.resolved_at IS NOT NULL THEN
    RAISE EXCEPTION 'what was found is not changed afterwards' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER findings_guard BEFORE UPDATE ON "findings" FOR EACH ROW EXECUTE FUNCTION guard_finding();

GRANT SELECT, INSERT, UPDATE ON "findings" TO postern_app;
