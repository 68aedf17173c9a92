import type { Lake, ManifestDataset, Scratch } from '@weir/lake';
import { segmentPath } from '@weir/lake';
import { qualifiedName } from '@weir/core';
import { DatasetViews, runModel, withEngine, type ModelOutput } from '@weir/engine';
import { withSpan } from '@weir/platform';
import type { Progress, RowCount, StageContext, TransformRequest, TransformResult } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { gatherWork, type Work } from './inputs';

/**
 * Runs the models of one scope in dependency order, each in one or a few statements over all partitions of the call, and stages what they
 * give: a later model reads what an earlier one staged. The manifest lists every model with every partition, also those without rows.
 * Aborting the signal ends it with CANCELLED and leaves nothing but files that no manifest names.
 */
export async function transformRun(dependencies: Dependencies, request: TransformRequest, signal: AbortSignal, report: (progress: Progress) => void): Promise<TransformResult> {
  report({ step: 'look up', done: 0, total: 0 });
  const work = await gatherWork(dependencies, request, signal);
  return withSpan('transform', spanAttributes(work), async () => {
    const scratch = await dependencies.lake.scratch(work.context.runId, work.context.attempt);
    try {
      const { outputs, counts } = await runModels(dependencies, work, scratch, signal, report);
      report({ step: 'stage', done: work.models.length, total: work.models.length });
      const datasets: ManifestDataset[] = [];
      for (const output of outputs) datasets.push(await stageOutput(dependencies.lake, work.context, output));
      const staged = await dependencies.lake.writeManifest({ version: 1, pipeline: work.context.pipeline, runId: work.context.runId, stage: 'transform', attempt: work.context.attempt, datasets });
      return { staged, models: counts };
    } finally {
      await scratch.dispose();
    }
  });
}

async function runModels(dependencies: Dependencies, work: Work, scratch: Scratch, signal: AbortSignal, report: (progress: Progress) => void): Promise<{ outputs: ModelOutput[]; counts: RowCount[] }> {
  const outputs: ModelOutput[] = [];
  const counts: RowCount[] = [];
  const segments = [...work.sources.values(), ...[...work.upstream.values()].map((upstream) => upstream.segments)];
  const inputs = segments.flat().map((segment) => segment.absolutePath);
  await scratch.hold(inputs, signal);
  await withEngine({ inputs: [...new Set(inputs)], staging: scratch.dir, ...dependencies.engine, signal }, async (engine) => {
    const views = new DatasetViews(engine, work);
    for (const [dataset, live] of work.sources) await views.add(dataset, live);
    for (const upstream of work.upstream.values()) await views.addUpstream(upstream);
    for (const [index, model] of work.models.entries()) {
      const dataset = qualifiedName(model);
      report({ step: dataset, done: index, total: work.models.length });
      await withSpan(`model ${dataset}`, { 'weir.dataset': dataset }, async (span) => {
        const started = performance.now();
        const inputs = views.inputs(model.scope);
        const rowsIn = await views.rows(model.inputs);
        const output = await runModel(engine, { work, model, inputs, staging: scratch.dir });
        await views.add(dataset, output.files.map((file) => ({ absolutePath: file.path, partitions: [], whole: true })));
        const rowsOut = output.partitions.reduce((sum, { rows }) => sum + rows, 0);
        span.setAttributes({ 'weir.rows.in': rowsIn, 'weir.rows.out': rowsOut });
        outputs.push(output);
        counts.push({ name: dataset, rowsIn, rowsOut, milliseconds: Math.round(performance.now() - started) });
      });
    }
  });
  return { outputs, counts };
}

async function stageOutput(lake: Lake, context: StageContext, output: ModelOutput): Promise<ManifestDataset> {
  const segments = await Promise.all(
    output.files.map(async (file, n) => {
      const path = segmentPath(context.pipeline, output.dataset, context.runId, context.attempt, n);
      const digest = await lake.adopt(file.path, path);
      return { path, rows: file.rows, ...digest, partitions: file.partitions.map(({ partition }) => partition) };
    }),
  );
  return { dataset: output.dataset, partitions: output.partitions, segments };
}

function spanAttributes({ context, upstream }: Work): Record<string, string | string[]> {
  const interval = context.interval ? `${context.interval.start}/${context.interval.end}` : 'all';
  const read = [...upstream.values()].map(({ reference, snapshot }) => `${reference}@${snapshot}`);
  return { 'weir.pipeline': context.pipeline, 'weir.run.id': context.runId, 'weir.interval': interval, 'weir.stage': 'transform', ...(read.length === 0 ? {} : { 'weir.upstream': read }) };
}
