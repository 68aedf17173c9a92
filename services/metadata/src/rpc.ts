import {
  BackfillServiceService,
  CatalogServiceService,
  DefinitionServiceService,
  RunServiceService,
  stream,
  unary,
  withProgress,
  type BackfillServiceServer,
  type CatalogServiceServer,
  type CollectGarbageRequest,
  type CollectGarbageResponse,
  type DefinitionServiceServer,
  type RunServiceServer,
  type ServeOptions,
} from '@weir/rpc';
import { apply } from './apply';
import { beginRun } from './begin-run';
import { collectGarbage } from './collect-garbage';
import { compareContract } from './compare-contract';
import type { Dependencies } from './dependencies';
import { finishRun } from './finish-run';
import { findTakenFiles } from './find-taken-files';
import { getBackfill } from './get-backfill';
import { getDefinition } from './get-definition';
import { getDifference } from './get-difference';
import { getLoadTarget } from './get-load-target';
import { getRun } from './get-run';
import { getSnapshot } from './get-snapshot';
import { listBackfills } from './list-backfills';
import { listDatasets } from './list-datasets';
import { listPipelines } from './list-pipelines';
import { listPartitionRows } from './list-partition-rows';
import { listPositions } from './list-positions';
import { listRuns } from './list-runs';
import { listSources } from './list-sources';
import { listTakes } from './list-takes';
import { planBackfill } from './plan-backfill';
import { planCompaction } from './plan-compaction';
import { publish } from './publish';
import { recordBackfill } from './record-backfill';
import { recordStage } from './record-stage';
import { replaceSegments } from './replace-segments';
import { resetSource } from './reset-source';

type Unary<Request, Response> = (dependencies: Dependencies, request: Request, signal: AbortSignal) => Promise<Response>;
type Streaming<Request, Response> = (dependencies: Dependencies, request: Request, send: (response: Response) => Promise<void>) => Promise<void>;

/** The services of metadata over its use cases; `assertReady` throws while they cannot work. */
export function services(dependencies: Dependencies, assertReady: () => void): ServeOptions['services'] {
  const one = <Request, Response>(useCase: Unary<Request, Response>) =>
    unary<Request, Response>(async (request, { signal }) => {
      assertReady();
      return useCase(dependencies, request, signal);
    });
  const many = <Request, Response>(useCase: Streaming<Request, Response>) =>
    stream<Request, Response>(async (request, _call, send) => {
      assertReady();
      await useCase(dependencies, request, send);
    });
  const definitions: DefinitionServiceServer = { apply: one(apply), compareContract: one(compareContract), getDefinition: one(getDefinition), listPipelines: one(listPipelines) };
  const runs: RunServiceServer = { beginRun: one(beginRun), recordStage: one(recordStage), finishRun: one(finishRun), getRun: one(getRun), listRuns: one(listRuns) };
  const catalog: CatalogServiceServer = {
    publish: one(publish),
    getSnapshot: many(getSnapshot),
    getDifference: many(getDifference),
    listDatasets: one(listDatasets),
    getLoadTarget: one(getLoadTarget),
    listSources: many(listSources),
    listPartitionRows: one(listPartitionRows),
    listPositions: one(listPositions),
    listTakes: many(listTakes),
    findTakenFiles: one(findTakenFiles),
    resetSource: one(resetSource),
    planCompaction: one(planCompaction),
    replaceSegments: one(replaceSegments),
    collectGarbage: stream<CollectGarbageRequest, CollectGarbageResponse>(async (request, { signal }, send) => {
      assertReady();
      const value = await withProgress(
        (progress) => send({ event: { $case: 'progress', value: progress } }),
        (report) => collectGarbage(dependencies, request, { signal, report }),
      );
      await send({ event: { $case: 'result', value } });
    }),
  };
  const backfills: BackfillServiceServer = { planBackfill: one(planBackfill), recordBackfill: one(recordBackfill), getBackfill: one(getBackfill), listBackfills: one(listBackfills) };
  return [
    [DefinitionServiceService, definitions],
    [RunServiceService, runs],
    [CatalogServiceService, catalog],
    [BackfillServiceService, backfills],
  ];
}
