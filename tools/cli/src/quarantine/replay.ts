import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type { ReplayInput, ReplayProgress, ReplayResult, quarantineReplay } from '@weir/orchestrator';
import { colour, count, print } from '../output';
import { isAlreadyStarted, query, type Temporal } from '../temporal';
import { fromTemporal } from '../temporal-failure';

const WORKFLOW: (typeof quarantineReplay)['name'] = 'quarantineReplay';
const POLL_MS = 1_000;

/** The workflow id of a pipeline's replay: one at a time. */
export function replayIdOf(pipeline: string): string {
  return `replay/${pipeline}`;
}

/** Starts a replay. Throws NOT_POSSIBLE while one of the pipeline is at work. */
export async function startReplay({ client, taskQueue }: Temporal, input: ReplayInput): Promise<void> {
  const workflowId = replayIdOf(input.pipeline);
  const options = { taskQueue, workflowId, workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE' } as const;
  await client.workflow.start<typeof quarantineReplay>(WORKFLOW, { ...options, args: [input] }).catch((error: unknown) => {
    if (!isAlreadyStarted(error)) throw error;
    throw new WeirError({ code: 'NOT_POSSIBLE', place: workflowId, message: `A replay of ${input.pipeline} is at work already.`, fix: 'Wait for its end, or end it: temporal workflow cancel --workflow-id ' + workflowId });
  });
}

/** Waits for the end of a replay, with a line for each change unless `quiet`. Throws the error that it ended with. */
export async function followReplay(temporal: Temporal, pipeline: string, quiet: boolean): Promise<ReplayResult> {
  const workflowId = replayIdOf(pipeline);
  const end = temporal.asking.workflow.getHandle<typeof quarantineReplay>(workflowId).result().catch((error: unknown) => {
    throw fromTemporal(error, workflowId);
  });
  if (!quiet) await tell(temporal, workflowId, end.then(ignore, ignore));
  return end;
}

function ignore(): void {
  // How it ended is the caller's to say.
}

async function tell(temporal: Temporal, workflowId: string, end: Promise<void>): Promise<void> {
  const ended = { value: false };
  const closed = end.then(() => void (ended.value = true));
  for (let said = ''; !ended.value; ) {
    const progress = await query<ReplayProgress>(temporal, { workflowId }, 'progress');
    const line = progress ? progressLine(progress) : said;
    if (line !== said) print(line);
    said = line;
    await Promise.race([closed, sleep(POLL_MS)]);
  }
}

/** Where a replay stands, in a line. */
export function progressLine({ state, grains, succeeded, failed, cancelled, busy, landing, tried }: ReplayProgress): string {
  const done = succeeded + failed + cancelled + busy;
  return `  ${state.padEnd(10)} ${count(done)} of ${count(grains)} grains${failed > 0 ? `, ${colour.bad(`${failed} failed`)}` : ''}; ${count(landing)} of ${count(tried)} rows tried would land`;
}

/** What came of a replay. */
export function replayLines(result: ReplayResult): string[] {
  const { replayed, openBefore, openAfter, grains, succeeded, waiting, busy, failures, contractVersion } = result;
  const lines = [`  ${colour.good('Replayed')} ${count(replayed)} ${replayed === 1 ? 'row' : 'rows'} under contract ${contractVersion}, in ${count(succeeded)} of ${count(grains)} ${grains === 1 ? 'grain' : 'grains'}; open rows: ${count(openBefore)} before, ${count(openAfter)} now.`];
  if (waiting > 0) lines.push(`  ${colour.doubt(count(waiting))} are not in the archive yet: replay them when the stream runs and has archived them.`);
  if (busy > 0) lines.push(`  ${colour.doubt(count(busy))} grains were held by other runs: replay them again.`);
  for (const { grain, runId, code } of failures) lines.push(`  ${colour.bad(code)} in grain ${grain}: weir runs show ${runId}`);
  return lines;
}
