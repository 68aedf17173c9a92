import type { ManifestReference } from '@weir/lake';
import type pg from 'pg';

/** One validation of a run's raw segments. */
export interface Judged {
  readonly pipeline: string;
  readonly runId: string;
  readonly contractVersion: string;
  readonly raw: ManifestReference;
}

const RECORD = `insert into quality.judgement (pipeline, run_id, contract_version, manifest, manifest_sha256) values ($1, $2, $3, $4, $5)
on conflict (pipeline, run_id) do update set contract_version = excluded.contract_version, manifest = excluded.manifest, manifest_sha256 = excluded.manifest_sha256, judged_at = now()
returning id`;

/** Records a validation on an open transaction and gives its number, which grows from run to run; a later attempt of the run has the same one. */
export async function recordJudgement(client: pg.ClientBase, { pipeline, runId, contractVersion, raw }: Judged): Promise<string> {
  const { rows } = await client.query<{ id: string }>(RECORD, [pipeline, runId, contractVersion, raw.manifest, raw.sha256]);
  return rows[0]?.id ?? '0';
}
