import type { StageGate } from '@weir/platform';
import { stream, TransformServiceService, unary, withProgress, type CompactRequest, type ServeOptions, type TransformRequest, type TransformResponse, type TransformServiceServer } from '@weir/rpc';
import { compactor } from './compact';
import type { Dependencies } from './dependencies';
import { modelPreviewer } from './preview-model';
import { batchTransformer } from './transform-batch';
import { transformRun } from './transform-run';

/** The transform service over its use cases. */
export function services(dependencies: Dependencies, gate: StageGate): ServeOptions['services'] {
  const transformBatch = batchTransformer(dependencies);
  const previewModel = modelPreviewer(dependencies);
  const compact = compactor(dependencies);
  const transform: TransformServiceServer = {
    transform: stream<TransformRequest, TransformResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => gate.run(signal, () => transformRun(dependencies, request, signal, report), request.context),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
    transformBatch: unary((request, { signal }) => transformBatch(request, signal)),
    previewModel: unary((request, { signal }) => previewModel(request, signal)),
    compact: stream((request: CompactRequest, { signal }, send) => compact(request, send, signal)),
  };
  return [[TransformServiceService, transform]];
}
