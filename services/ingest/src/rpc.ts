import type { StageGate } from '@weir/platform';
import { IngestServiceService, stream, withProgress, type ExtractRequest, type ExtractResponse, type IngestServiceServer, type ServeOptions } from '@weir/rpc';
import { extract, type ExtractDependencies } from './extract';

/** The ingest service over its use case. */
export function services(dependencies: ExtractDependencies, gate: StageGate): ServeOptions['services'] {
  const ingest: IngestServiceServer = {
    extract: stream<ExtractRequest, ExtractResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => gate.run(signal, () => extract(dependencies, request, { signal, report })),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
  };
  return [[IngestServiceService, ingest]];
}
