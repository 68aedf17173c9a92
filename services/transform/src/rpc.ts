import type { StageGate } from '@weir/platform';
import { stream, TransformServiceService, withProgress, type ServeOptions, type TransformRequest, type TransformResponse, type TransformServiceServer } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { transformRun } from './transform-run';

/** The transform service over its use case. */
export function services(dependencies: Dependencies, gate: StageGate): ServeOptions['services'] {
  const transform: TransformServiceServer = {
    transform: stream<TransformRequest, TransformResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => gate.run(signal, () => transformRun(dependencies, request, signal, report), request.context),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
  };
  return [[TransformServiceService, transform]];
}
