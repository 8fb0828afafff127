-- swept_at says whose turn a sweep is; this says that one was finished.
ALTER TABLE "cluster_states" ADD COLUMN "sweep_done_at" TIMESTAMPTZ(6);
