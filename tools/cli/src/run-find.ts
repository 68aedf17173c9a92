import { isWeirError } from '@weir/core';
import type { Clients, GetRunResponse } from '@weir/rpc';

/** A run by its id, a unique prefix of it, or its workflow id; undefined when there is none. */
export async function findRun(clients: Clients, run: string): Promise<GetRunResponse | undefined> {
  try {
    return await clients.runs.getRun({ run });
  } catch (error) {
    if (isWeirError(error) && error.code === 'RUN_NOT_FOUND') return undefined;
    throw error;
  }
}
