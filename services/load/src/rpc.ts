import type { StageGate } from '@weir/platform';
import {
  LoadServiceService,
  stream,
  unary,
  withProgress,
  type ListHeadsRequest,
  type ListHeadsResponse,
  type LoadBatchRequest,
  type LoadBatchResponse,
  type LoadRequest,
  type LoadResponse,
  type LoadServiceServer,
  type OpenPositionsRequest,
  type OpenPositionsResponse,
  type ServeOptions,
} from '@weir/rpc';
import { listHeads, type HeadsDependencies } from './list-heads';
import { loadBatch } from './load-batch';
import { loadDestination, type LoadDependencies } from './load-destination';
import { openPositions } from './open-positions';

/** The load service over its use cases. */
export function services(dependencies: LoadDependencies & HeadsDependencies, gate: StageGate): ServeOptions['services'] {
  const load: LoadServiceServer = {
    load: stream<LoadRequest, LoadResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => gate.run(signal, () => loadDestination(dependencies, request, { signal, report }), request.context),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
    listHeads: unary<ListHeadsRequest, ListHeadsResponse>((request, { signal }) => listHeads(dependencies, request, signal)),
    // Not through the gate: a stream must not wait behind loads, and its connections bound it.
    loadBatch: unary<LoadBatchRequest, LoadBatchResponse>((request, { signal }) => loadBatch(dependencies, request, signal)),
    openPositions: unary<OpenPositionsRequest, OpenPositionsResponse>((request, { signal }) => openPositions(dependencies, request, signal)),
  };
  return [[LoadServiceService, load]];
}
