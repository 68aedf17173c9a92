import { WeirError } from '@weir/core';
import type { BackfillProgress, HandInput } from '@weir/orchestrator';
import { connect, type Clients } from '@weir/rpc';
import { platformState } from '@weir/servers';
import { operator, update, withTemporal, type Temporal } from '../temporal';
import { isNotOpen } from '../temporal-failure';
import { findBackfill, type FoundBackfill } from './find-backfill';
import { recordState } from './progress-lines';

/** What a person may ask of an open backfill. */
export type BackfillWord = 'pause' | 'resume' | 'cancel';

/** Puts a hand on a backfill and does `after` with where it then stands. Throws BACKFILL_NOT_FOUND, and NOT_POSSIBLE when it has ended or its state does not allow it. */
export async function onBackfill<T>(text: string, word: BackfillWord, reason: string | undefined, after: (temporal: Temporal, clients: Clients, progress: BackfillProgress, workflowId: string) => Promise<T>): Promise<T> {
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata });
  try {
    return await withTemporal(platform, async (temporal) => {
      const found = await findBackfill(temporal, clients, text);
      const progress = await layHand(temporal, found, word, { reason, by: operator() });
      return after(temporal, clients, progress, found.workflowId);
    });
  } finally {
    clients.close();
  }
}

async function layHand(temporal: Temporal, backfill: FoundBackfill, word: BackfillWord, input: HandInput): Promise<BackfillProgress> {
  if (!backfill.open) throw ended(backfill, word);
  try {
    return await update<BackfillProgress>(temporal, backfill, word, input);
  } catch (error) {
    throw isNotOpen(error) ? ended(backfill, word) : error;
  }
}

function ended({ workflowId, record }: FoundBackfill, word: BackfillWord): WeirError {
  const how = record ? ` (${recordState(record)})` : '';
  return new WeirError({ code: 'NOT_POSSIBLE', place: workflowId, message: `The backfill is not open any more${how}; there is nothing to ${word}.`, fix: 'Start it again with `weir backfills start`: it takes what is left.' });
}
