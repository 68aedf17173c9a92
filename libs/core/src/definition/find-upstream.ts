import { type ErrorFields, isWeirError } from '../errors';
import { nearest, suggest, listed } from '../suggest';
import { type AppliedPipelines, circleText, pipelineCircle } from './applied-pipelines';
import type { Definition, Upstream } from './definition';
import { ZONES } from './names';

/** The pipeline that reads. */
export interface Reader extends Pick<Definition, 'name' | 'grain'> {
  /** What its models may read of its own, qualified. */
  readonly datasets: readonly string[];
  readonly applied: AppliedPipelines;
}

/** What a reference to another pipeline is, or what is wrong with it. */
export type UpstreamOutcome = Upstream | ErrorFields;

/** Whether a table's name is one of another pipeline's: two parts, the first of them no zone. */
export function isForeign(reference: string): boolean {
  const [pipeline = '', name, ...rest] = reference.split('.');
  return name !== undefined && rest.length === 0 && !(ZONES as readonly string[]).includes(pipeline);
}

/** Looks up every foreign reference once: the dataset that it names, or the problem with it, without a place. */
export async function findUpstream(references: readonly string[], reader: Reader): Promise<ReadonlyMap<string, UpstreamOutcome>> {
  const found = new Map<string, UpstreamOutcome>();
  for (const reference of new Set(references)) found.set(reference, await find(reference, reader));
  return found;
}

/** Whether interval models of a pipeline of grain `grain` see only their own partition of a model. */
export function readByInterval(grain: string | undefined, upstream: Pick<Definition, 'grain'>, model: Pick<Definition['models'][number], 'scope'>): boolean {
  return grain !== undefined && upstream.grain === grain && model.scope !== 'history';
}

async function find(reference: string, reader: Reader): Promise<UpstreamOutcome> {
  const [pipeline = '', name = ''] = reference.split('.');
  if (pipeline === reader.name) return readsItself(reference, name, reader);
  try {
    const definition = await reader.applied.newest(pipeline);
    if (!definition) return await unknownPipeline(reference, reader);
    const model = definition.models.find((each) => each.name === name);
    if (!model) return unknownDataset(reference, definition);
    const circle = await pipelineCircle(reader.name, [pipeline], reader.applied);
    if (circle) return { code: 'MODEL_CYCLE', ...circleText(circle) };
    return { pipeline, dataset: `${model.zone}.${model.name}`, reference, columns: model.columns, byInterval: readByInterval(reader.grain, definition, model) };
  } catch (error) {
    // Nobody can say what other pipelines have: the reference alone cannot be checked.
    if (!isWeirError(error)) throw error;
    const meant = nearest(reference, reader.datasets);
    return { code: error.code, message: `Cannot check \`${reference}\`: ${error.message}`, fix: meant === undefined ? error.fix : `did you mean \`${meant}\`? Otherwise: ${error.fix}` };
  }
}

function readsItself(reference: string, name: string, { name: pipeline, datasets }: Reader): ErrorFields {
  const own = datasets.find((dataset) => dataset.split('.')[1] === name);
  return { code: 'UNKNOWN_DATASET', message: `\`${reference}\` is of this very pipeline, ${pipeline}, whose datasets go by their zone.`, fix: own === undefined ? suggest(reference, datasets) : `Write \`${own}\`.` };
}

async function unknownPipeline(reference: string, { datasets, applied, name: own }: Reader): Promise<ErrorFields> {
  const [pipeline = '', name = ''] = reference.split('.');
  const message = `There is no dataset \`${reference}\`: no pipeline \`${pipeline}\` was applied.`;
  const others = (await applied.names()).filter((other) => other !== own);
  const meant = nearest(reference, [...datasets, ...others.map((other) => `${other}.${name}`)]) ?? datasets.find((dataset) => dataset.split('.')[1] === name);
  return { code: 'UNKNOWN_DATASET', message, fix: meant === undefined ? `Apply \`${pipeline}\` first, or use one of ${listed(datasets)}.` : `did you mean \`${meant}\`?` };
}

function unknownDataset(reference: string, { name, models }: Definition): ErrorFields {
  return { code: 'UNKNOWN_DATASET', message: `The pipeline \`${name}\` has no model of the name in \`${reference}\`; only models can be read from outside.`, fix: suggest(reference, models.map((model) => `${name}.${model.name}`)) };
}
