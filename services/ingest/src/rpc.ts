import type { StageGate } from '@weir/platform';
import {
  collect,
  IngestServiceService,
  stream,
  unary,
  withProgress,
  type CompareSourceRequest,
  type CompareSourceResponse,
  type ConsumeRequest,
  type ConsumeResponse,
  type DiscoverSourceRequest,
  type DiscoverSourceResponse,
  type ExtractRequest,
  type ExtractResponse,
  type IngestServiceServer,
  type PlanArchiveRequest,
  type PlanArchiveResponse,
  type PushRequest,
  type PushResponse,
  type ServeOptions,
  type TestSourceRequest,
  type TestSourceResponse,
} from '@weir/rpc';
import { compareSource, type CompareDependencies } from './compare-source';
import { extract, type ExtractDependencies } from './extract';
import { planArchive, type PlanArchiveDependencies } from './plan-archive';
import { push, type PushDependencies } from './push';
import { discoverSource } from './source-discovery/discover-source';
import { testSource, type TestSourceDependencies } from './source-test/test-source';
import { consume, type ConsumeDependencies } from './stream/consume';

type IngestDependencies = ExtractDependencies & CompareDependencies & ConsumeDependencies & PlanArchiveDependencies & PushDependencies & TestSourceDependencies;

/** The ingest service over its use cases. */
export function services(dependencies: IngestDependencies, gate: StageGate): ServeOptions['services'] {
  const ingest: IngestServiceServer = {
    extract: stream<ExtractRequest, ExtractResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => gate.run(signal, () => extract(dependencies, request, { signal, report }), request.context),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
    // No place of the gate: it runs for weeks.
    consume: stream<ConsumeRequest, ConsumeResponse>((request, { signal }, send) => consume(dependencies, request, { signal, send })),
    // No place of the gate: they are a few questions to Kafka, and writing has bounds of its own.
    planArchive: unary<PlanArchiveRequest, PlanArchiveResponse>((request, { signal }) => planArchive(dependencies, request, signal)),
    // No place of the gate: a person waits for it, and it reads a MiB.
    testSource: unary<TestSourceRequest, TestSourceResponse>((request, { signal }) => testSource(dependencies, request, signal)),
    discoverSource: unary<DiscoverSourceRequest, DiscoverSourceResponse>((request, { signal }) => discoverSource(dependencies, request, signal)),
    push: collect<PushRequest, PushResponse>((requests, { signal }) => push(dependencies, requests, signal)),
    // No place of the gate: it holds little memory, and a plan must not wait behind the runs of a backfill.
    compareSource: stream<CompareSourceRequest, CompareSourceResponse>(async (request, { signal }, send) => {
      const result = await withProgress(
        (value) => send({ event: { $case: 'progress', value } }),
        (report) => compareSource(dependencies, request, { signal, report }),
      );
      await send({ event: { $case: 'result', value: result } });
    }),
  };
  return [[IngestServiceService, ingest]];
}
