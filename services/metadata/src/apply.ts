import { compileDefinition, CONTRACT_FILE, incompatibleError, problemsError } from '@weir/core';
import type { ApplyRequest, ApplyResponse } from '@weir/rpc';
import { storedPipelines } from './applied-pipelines';
import { contractChanges, readChanges } from './compare-contract';
import type { Dependencies } from './dependencies';
import { compareDefinition, storeDefinition } from './store-definition';

/**
 * Compiles a folder's texts and stores the definition as the pipeline's next version when it changed; a dry run only compares.
 * `version` is the stored one, 0 when nothing is stored yet. Problems come as one error: the first in full, the others as samples.
 * Throws CONTRACT_INCOMPATIBLE where the contract changes what its mode forbids; a dry run says so in `contract`.
 */
export async function apply({ pool, inspector }: Pick<Dependencies, 'pool' | 'inspector'>, request: ApplyRequest): Promise<ApplyResponse> {
  const compiled = await compileDefinition(request.files, request.root, inspector, storedPipelines(pool));
  if ('problems' in compiled) throw problemsError(compiled.problems);
  const { definition, warnings } = compiled;
  const changed = await readChanges({ pool, inspector }, definition, definition);
  const refused = request.dryRun ? undefined : incompatibleError(changed, request.files.find(({ path }) => path === CONTRACT_FILE));
  if (refused) throw refused;
  const { version, changes } = request.dryRun ? await compareDefinition(pool, definition) : await storeDefinition(pool, definition);
  return { pipeline: definition.name, version, changes, warnings, contract: contractChanges(changed) };
}
