import type { StageGate } from '@weir/platform';
import { LoadServiceService, stream, withProgress, type LoadRequest, type LoadResponse, type LoadServiceServer, type ServeOptions } from '@weir/rpc';
import { loadDestination, type LoadDependencies } from './load-destination';

/** The load service over its use case. */
export function services(dependencies: LoadDependencies, gate: StageGate): ServeOptions['services'] {
  const load: LoadServiceServer = {
    load: stream<LoadRequest, LoadResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => gate.run(signal, () => loadDestination(dependencies, request, { signal, report })),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
  };
  return [[LoadServiceService, load]];
}
