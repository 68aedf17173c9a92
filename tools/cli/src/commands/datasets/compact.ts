import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type { compaction, CompactionEntry, CompactionInput, CompactionResult } from '@weir/orchestrator';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { heartbeatOf } from '../../heartbeat';
import { action, bytesWord, colour, count, print, printJson, table, type ExitCode } from '../../output';
import { Redraw } from '../../redraw';
import { execute, withTemporal, type Temporal } from '../../temporal';

/** The name is the orchestrator's; the compiler compares it. */
const WORKFLOW: (typeof compaction)['name'] = 'compaction';

/** Two hours for a pipeline, and what a platform that is starting takes. */
const WAIT_MS = 3 * 3_600_000;
const POLL_MS = 500;

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('compact')
    .argument('<pipeline>', 'a pipeline that was applied')
    .description('Rewrite the published files of a pipeline into few sorted ones for each day; this happens by itself once a day.')
    .option('--dry-run', 'show what would be rewritten, and leave it')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir datasets compact retail --dry-run\n  weir datasets compact retail\n\nNo row and no snapshot changes; runs and readers go on meanwhile. The files that were read go a day later, with `weir datasets gc`. Exit code 1 when it failed.')
    .action(action(compact));
}

async function compact(pipeline: string, { dryRun = false, json }: Options): Promise<ExitCode> {
  // Who asks for it now wants all of it, what was published a minute ago too.
  const input: CompactionInput = { pipeline, dryRun, settleMs: 0 };
  const platform = await platformState();
  const workflowId = `compaction/${pipeline}/${new Date().toISOString()}`;
  const result = await withTemporal(platform, (temporal) => watched(temporal, workflowId, json !== true && process.stdout.isTTY, () => execute<CompactionResult>(temporal, { workflow: WORKFLOW, workflowId, input, waitMs: WAIT_MS })));
  const [entry] = result.entries;
  if (json) printJson(result);
  else print(...report(entry, dryRun));
  if (!entry?.error) return 0;
  if (!json) throw new WeirError(entry.error);
  return 1;
}

/** Shows what is being rewritten, on one line, until it ends. */
async function watched<T>({ asking }: Temporal, workflowId: string, shown: boolean, body: () => Promise<T>): Promise<T> {
  const screen = new Redraw(process.stdout);
  const ended = new AbortController();
  const watching = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      await sleep(POLL_MS, undefined, { signal: ended.signal }).catch(() => undefined);
      const now = ended.signal.aborted ? undefined : await heartbeatOf(asking.workflow.getHandle(workflowId)).catch(() => undefined);
      if (now !== undefined) screen.show([`  ${colour.faint(now)}`]);
    }
  };
  const watch = shown ? watching() : undefined;
  try {
    return await body();
  } finally {
    ended.abort();
    await watch;
    screen.close();
  }
}

function report(entry: CompactionEntry | undefined, dryRun: boolean): string[] {
  const datasets = entry?.datasets ?? [];
  if (datasets.length === 0) return entry?.error ? [] : ['  Nothing to rewrite: every day is in its shape.'];
  const right = 'right' as const;
  const after = dryRun ? [] : [{ title: 'files after', align: right }, { title: 'bytes after', align: right }, { title: 'days skipped', align: right }];
  const columns = [{ title: 'dataset' }, { title: 'days', align: right }, { title: 'files', align: right }, { title: 'bytes', align: right }, ...after];
  const rows = datasets.map((one) => {
    const done = dryRun ? [] : [count(one.filesAfter), bytesWord(one.bytesAfter), one.skipped > 0 ? colour.doubt(count(one.skipped)) : '0'];
    return [colour.name(one.dataset), count(one.days), count(one.filesBefore), bytesWord(one.bytesBefore), ...done];
  });
  const skipped = datasets.some((one) => one.skipped > 0) ? ['', '  Days that a run published meanwhile were skipped; the next compaction takes them.'] : [];
  return [table(columns, rows), ...skipped];
}
