-- What each cluster was read to allow, and what of a request would be new to its requester.

-- CreateTable
CREATE TABLE "cluster_rights" (
    "cluster" TEXT NOT NULL,
    "hash" TEXT,
    "content" BYTEA,
    "read_at" TIMESTAMPTZ(6),
    "error" TEXT,
    "next_read_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "cluster_rights_pkey" PRIMARY KEY ("cluster")
);
-- The content is compressed already.
ALTER TABLE "cluster_rights" ALTER COLUMN "content" SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE ON "cluster_rights" TO postern_app;

-- AlterTable
ALTER TABLE "requests" ADD COLUMN "difference" JSONB;
ALTER TABLE "decisions" ADD COLUMN "difference" JSONB;

-- What it was judged by is not changed afterwards.
CREATE FUNCTION refuse_other_difference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what a request was judged by is not changed afterwards' USING ERRCODE = '23514';
END $$;
CREATE TRIGGER requests_difference_stays BEFORE UPDATE OF "difference" ON "requests" FOR EACH ROW
  WHEN (NEW.difference IS DISTINCT FROM OLD.difference) EXECUTE FUNCTION refuse_other_difference();
