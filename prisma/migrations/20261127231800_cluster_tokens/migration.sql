-- Postern's own token for each cluster whose kubeconfig has one that expires. The times are those of the token that workers use.
CREATE TABLE "cluster_tokens" (
    "cluster" TEXT NOT NULL,
    "sealed" TEXT,
    "issued_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "renewed_at" TIMESTAMPTZ(6),
    "attempted_at" TIMESTAMPTZ(6),
    "error" TEXT,
    CONSTRAINT "cluster_tokens_pkey" PRIMARY KEY ("cluster")
);
ALTER TABLE "cluster_tokens"
  ADD CONSTRAINT cluster_tokens_sealed CHECK (sealed IS NULL OR sealed LIKE 'eyJ%..%.%.%') NOT VALID,
  ADD CONSTRAINT cluster_tokens_life CHECK (expires_at > issued_at) NOT VALID;
ALTER TABLE "cluster_tokens" VALIDATE CONSTRAINT cluster_tokens_sealed;
ALTER TABLE "cluster_tokens" VALIDATE CONSTRAINT cluster_tokens_life;
GRANT SELECT, INSERT, UPDATE ON "cluster_tokens" TO postern_app;
