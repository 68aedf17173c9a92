import type { BackfillProgress, RunProgress } from '@weir/orchestrator';
import { query, type Temporal } from '../temporal';

/** A question to a run costs its worker a little; more than these are not shown anyway. */
const ASKED = 16;

/** The progress of a backfill with what each of its first open runs does now: its stage, or that somebody holds it. A run that does not answer stays without. */
export async function withStages(temporal: Temporal, progress: BackfillProgress): Promise<BackfillProgress> {
  const asked = progress.open.slice(0, ASKED).map(async (run) => {
    const view = run.runId === '' ? undefined : await query<RunProgress>(temporal, run, 'progress');
    return view ? { ...run, stage: standing(view) } : run;
  });
  return { ...progress, open: [...(await Promise.all(asked)), ...progress.open.slice(ASKED)] };
}

/** A run that waits for approval holds its place until somebody gives it, so that must be seen. */
export function standing({ state, stage }: Pick<RunProgress, 'state' | 'stage'>): string {
  if (state === 'approval') return 'waits for approval';
  return state === 'paused' ? `paused after ${stage || 'nothing'}` : stage;
}
