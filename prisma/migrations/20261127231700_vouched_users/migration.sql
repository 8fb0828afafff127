-- The user of a grant without a ServiceAccount belongs to its grant as well (lib/core/activity/grant-account.ts).
CREATE OR REPLACE FUNCTION activity_grant_of(in_cluster text, account text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT id FROM grants WHERE grants.cluster = in_cluster
    AND id = 'grt_' || coalesce(
      substring(account FROM '^system:serviceaccount:postern-grants:postern-([0-9a-hjkmnp-tv-z]{26})$'),
      substring(account FROM '^postern:grant:grt_([0-9a-hjkmnp-tv-z]{26})$'))
$$;
