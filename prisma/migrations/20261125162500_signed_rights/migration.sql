-- What a cluster was read to allow decides what is new to somebody and how dangerous a pod would be: it is signed by who read it.
ALTER TABLE "cluster_rights" ADD COLUMN "signature" TEXT;
