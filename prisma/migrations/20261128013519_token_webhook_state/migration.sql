-- Does the API server of a cluster with webhookAuthentication ask Postern about tokens, and accept what it answers?
ALTER TABLE "cluster_states" ADD COLUMN "token_review_at" TIMESTAMPTZ(6), ADD COLUMN "token_probe" JSONB;
