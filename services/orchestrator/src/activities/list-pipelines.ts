import { attemptStep, type Deps } from './attempt';

/** The names of all pipelines that were applied. */
export function listPipelines(deps: Deps) {
  return (): Promise<string[]> =>
    attemptStep('housekeeping', {}, async (call) => {
      const { pipelines } = await deps.clients.definitions.listPipelines({}, call.options);
      return pipelines.map(({ pipeline }) => pipeline);
    });
}
