import { WeirError } from '@weir/core';
import type { CollectGarbageRequest, CollectGarbageResult, Progress } from '@weir/rpc';
import type pg from 'pg';
import { deleteOrphans, deleteVersions, markOrphans, planVersions, type VersionCounts } from './collect-garbage-catalog';
import { collectFiles, collectStrays, type FileCounts } from './collect-garbage-files';
import { readTerms, type Terms } from './collect-garbage-terms';
import type { Dependencies } from './dependencies';
import { forgetFiles } from './forget-files';
import { rowsOf } from './rows';
import { withSession } from './session';

/** What a collection is told while it works. */
export interface CollectCall {
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

/**
 * Removes from a pipeline what retention and snapshots no longer need: first partitions from the catalog, in transactions of some milliseconds, then files from the
 * lake. Whoever asked the catalog within `grace_ms` finds every file that it was told of. A dry run counts by the same statements and changes nothing.
 * Names of files that its source has not had for long are forgotten.
 * Without a pipeline it removes temporary files that belong to no run.
 * A collection that broke off is finished by the next one. Throws PIPELINE_NOT_FOUND, INVALID_VALUE, CANCELLED, and BUSY while the pipeline is being collected already.
 */
export async function collectGarbage({ pool, lake }: Pick<Dependencies, 'pool' | 'lake'>, request: CollectGarbageRequest, call: CollectCall): Promise<CollectGarbageResult> {
  if (request.graceMs < 0) throw new WeirError({ code: 'INVALID_VALUE', message: `${request.graceMs} ms is no time of grace.`, fix: 'Give 0 or more milliseconds.' });
  return withSession(pool, (session) =>
    alone(session, request.pipeline, async () => {
      if (request.pipeline === '') return { datasets: shown([], new Map(), await collectStrays(session, lake, request, call)), forgottenBelow: 0 };
      const terms = await readTerms(session, request);
      const planned = await planVersions(session, terms);
      const versions = request.dryRun ? planned.counts : await deleteVersions(session, terms, planned, call);
      await markOrphans(session, terms);
      if (!request.dryRun) await deleteOrphans(session, call);
      const files = await collectFiles(session, lake, terms, call);
      if (!request.dryRun) await forgetExpired(session, terms);
      const forgottenFiles = await forgetFiles(session, request, call);
      return { ...(forgottenFiles > 0 ? { forgottenFiles } : {}), datasets: shown(terms.datasets, versions, files), forgottenBelow: Math.max(planned.forgottenBelow, terms.forgottenBelow) };
    }),
  );
}

const LOCK = `hashtextextended('weir garbage ' || $1, 0)`;

/** Two collections of one pipeline would count each other's work. A session that breaks loses its lock. */
async function alone<T>(session: pg.PoolClient, pipeline: string, body: () => Promise<T>): Promise<T> {
  const [row] = await rowsOf<{ locked: boolean }>(session, `select pg_try_advisory_lock(${LOCK}) as locked`, [pipeline]);
  if (!row?.locked) throw new WeirError({ code: 'BUSY', message: `The garbage of ${pipeline || 'no pipeline'} is being collected already.` });
  try {
    return await body();
  } finally {
    // The end of the session would unlock it too, but some time after the answer.
    await session.query(`select pg_advisory_unlock(${LOCK})`, [pipeline]).catch(() => undefined);
  }
}

/** Readers of that time have read by now. */
async function forgetExpired(session: pg.PoolClient, { pipeline, graceCutoff }: Terms): Promise<void> {
  await rowsOf(session, 'delete from metadata.expired_file where pipeline = $1 and expired_at <= $2', [pipeline, graceCutoff]);
}

/** Datasets of which something goes, in the catalog's order, and then what no dataset names. */
function shown(datasets: Terms['datasets'], versions: ReadonlyMap<number, VersionCounts>, files: ReadonlyMap<string, FileCounts>): CollectGarbageResult['datasets'] {
  return [...datasets, { id: 0, name: '' }].flatMap(({ id, name }) => {
    const { partitions, versions: replaced } = versions.get(id) ?? { partitions: 0, versions: 0 };
    const { files: count, bytes } = files.get(name) ?? { files: 0, bytes: 0 };
    return partitions + replaced + count > 0 ? [{ dataset: name, partitions, versions: replaced, files: count, bytes }] : [];
  });
}
