import { parseDuration, WeirError } from '@weir/core';
import type { housekeeping, HousekeepingEntry, HousekeepingInput, HousekeepingResult } from '@weir/orchestrator';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, bytesWord, colour, count, print, printJson, table, type ExitCode } from '../../output';
import { execute, withTemporal } from '../../temporal';

/** The name is the orchestrator's; the compiler compares it. */
const WORKFLOW: (typeof housekeeping)['name'] = 'housekeeping';

/** A first collection of a large lake takes minutes. */
const WAIT_MS = 6 * 3_600_000;

interface Options {
  readonly dryRun?: boolean;
  readonly grace: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('gc')
    .argument('[pipeline]', 'a pipeline that was applied; all of them when left out')
    .description('Remove what retention, destinations and readers no longer need; this happens by itself once a day.')
    .option('--dry-run', 'show what would go, and leave it')
    .option('--grace <duration>', 'what was replaced, left its retention or was written within this time stays for those who may be reading it', '24h')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir datasets gc --dry-run\n  weir datasets gc retail --grace 1h\n\nFiles of expired partitions follow once the grace is over, with a later collection. Exit code 1 when a pipeline failed.')
    .action(action(gc));
}

async function gc(pipeline: string | undefined, { dryRun = false, grace, json }: Options): Promise<ExitCode> {
  const input: HousekeepingInput = { pipeline, dryRun, graceMs: graceOf(grace) };
  const platform = await platformState();
  const workflowId = `housekeeping/${pipeline ?? 'all'}/${new Date().toISOString()}`;
  const result = await withTemporal(platform, (temporal) => execute<HousekeepingResult>(temporal, { workflow: WORKFLOW, workflowId, input, waitMs: WAIT_MS }));
  const [only] = result.entries;
  if (pipeline !== undefined && only?.error) throw new WeirError(only.error);
  if (json) printJson(result);
  else print(...report(result));
  return result.failed > 0 ? 1 : 0;
}

function graceOf(text: string): number {
  const milliseconds = text === '0' ? 0 : parseDuration(text);
  if (milliseconds === undefined) throw new WeirError({ code: 'INVALID_VALUE', place: '--grace', message: `\`${text}\` is not a duration.`, fix: 'Give a number and a unit, such as 24h, 90m or 7d; 0 for none.' });
  return milliseconds;
}

function report({ entries, pipelines, failed, dryRun }: HousekeepingResult): string[] {
  const telling = entries.filter(({ datasets, forgottenFiles = 0, note, error }) => datasets.length + forgottenFiles > 0 || note !== undefined || error !== undefined);
  const lines = telling.flatMap((entry) => [...entryLines(entry), '']);
  const verb = dryRun ? 'would go' : 'went';
  const total = (key: 'files' | 'bytes') => entries.flatMap(({ datasets }) => datasets).reduce((sum, dataset) => sum + dataset[key], 0);
  const failures = failed > 0 ? colour.bad(`, ${failed} failed`) : '';
  return [...lines, `  ${count(total('files'))} files of ${bytesWord(total('bytes'))} ${verb}, ${count(pipelines)} ${pipelines === 1 ? 'pipeline' : 'pipelines'} looked at${failures}.`];
}

function entryLines({ pipeline, datasets, forgottenFiles = 0, note, error }: HousekeepingEntry): string[] {
  const right = 'right' as const;
  const columns = [{ title: 'dataset' }, { title: 'partitions expired', align: right }, { title: 'old versions', align: right }, { title: 'files', align: right }, { title: 'bytes', align: right }];
  const rows = datasets.map(({ dataset, partitions, versions, files, bytes }) => [dataset || '(other files)', count(partitions), count(versions), count(files), bytesWord(bytes)]);
  return [
    `  ${colour.strong(pipeline || 'files of no pipeline')}`,
    ...(rows.length > 0 ? [table(columns, rows)] : []),
    ...(forgottenFiles > 0 ? [`  ${count(forgottenFiles)} ${forgottenFiles === 1 ? 'file' : 'files'} that the source has not had for long: forgotten that ${forgottenFiles === 1 ? 'it was' : 'they were'} taken`] : []),
    ...(note === undefined ? [] : [`  ${colour.doubt(note)}`]),
    ...(error ? [`  ${colour.bad(error.code)} ${error.message}`] : []),
  ];
}
