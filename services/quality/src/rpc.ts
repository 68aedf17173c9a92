import { QualityServiceService, QuarantineServiceService, stream, unary, type QualityServiceServer, type QuarantineServiceServer, type CompactRequest, type CompactResponse, type ServeOptions, type SuggestChecksRequest } from '@weir/rpc';
import { audit } from './audit';
import { compactor } from './compact';
import type { Dependencies } from './dependencies';
import { dropRows } from './drop-rows';
import { getRow } from './get-row';
import { listRows } from './list-rows';
import { noteRefused } from './note-refused';
import { recordReplay } from './record-replay';
import { replayRows } from './replay-rows';
import { checkSuggester } from './suggest-checks';
import { tryRows } from './try-rows';
import { validate } from './validate';
import { validateBatch } from './validate-batch';

type Stage<Request, Response> = (dependencies: Dependencies, request: Request, send: (response: Response) => Promise<void>, signal: AbortSignal) => Promise<void>;
type Unary<Request, Response> = (dependencies: Dependencies, request: Request, signal: AbortSignal) => Promise<Response>;

/** The services of quality over its use cases; `assertReady` throws while they cannot work. */
export function services(dependencies: Dependencies, assertReady: () => void): ServeOptions['services'] {
  const stage = <Request, Response>(useCase: Stage<Request, Response>) =>
    stream<Request, Response>(async (request, { signal }, send) => {
      assertReady();
      await useCase(dependencies, request, send, signal);
    });
  const one = <Request, Response>(useCase: Unary<Request, Response>) =>
    unary<Request, Response>(async (request, { signal }) => {
      assertReady();
      return useCase(dependencies, request, signal);
    });
  const suggestChecks = checkSuggester(dependencies);
  const compact = compactor(dependencies);
  const quality: QualityServiceServer = {
    validate: stage(validate),
    validateBatch: one(validateBatch),
    audit: stage(audit),
    suggestChecks: one((_dependencies, request: SuggestChecksRequest, signal) => suggestChecks(request, signal)),
    compact: stage((_dependencies, request: CompactRequest, send: (response: CompactResponse) => Promise<void>, signal) => compact(request, send, signal)),
  };
  const quarantine: QuarantineServiceServer = { listRows: one(listRows), getRow: one(getRow), tryRows: one(tryRows), replayRows: one(replayRows), dropRows: one(dropRows), noteRefused: one(noteRefused), recordReplay: one(recordReplay) };
  return [
    [QualityServiceService, quality],
    [QuarantineServiceService, quarantine],
  ];
}
