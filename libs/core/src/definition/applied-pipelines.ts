import type { Definition } from './definition';

/** The pipelines as they were applied last, for models that read each other's datasets. Injected, because the core does no I/O. */
export interface AppliedPipelines {
  /** The newest definition of a pipeline; undefined when none was applied. A WeirError that it throws becomes a problem of every model that names the pipeline. */
  newest(pipeline: string): Promise<Definition | undefined>;
  /** The names of all, for suggestions. */
  names(): Promise<readonly string[]>;
}

/** Pipelines from `name` along what they read back to `name`, such as [report, shop, report]; undefined when there is no such way. */
export async function pipelineCircle(name: string, reads: readonly string[], applied: AppliedPipelines): Promise<readonly string[] | undefined> {
  const open = reads.map((pipeline) => [name, pipeline]);
  const seen = new Set<string>();
  for (let way = open.shift(); way; way = open.shift()) {
    const last = way.at(-1) ?? name;
    if (last === name) return way;
    if (seen.has(last)) continue;
    seen.add(last);
    const further = (await applied.newest(last))?.upstream ?? [];
    for (const pipeline of new Set(further.map((upstream) => upstream.pipeline))) open.push([...way, pipeline]);
  }
  return undefined;
}

/** A circle as a sentence; every one who refuses it says it the same way. */
export function circleText(circle: readonly string[]): { message: string; fix: string } {
  const text = circle.join(' → ');
  return { message: `Pipelines read each other in a circle: ${text}.`, fix: `Let \`${circle[0]}\` or \`${circle.at(-2)}\` not read the other: what both need can be a model of one of them, or a pipeline of its own.` };
}
