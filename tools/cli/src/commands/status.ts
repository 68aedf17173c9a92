import { leftWords, positionWords, WeirError } from '@weir/core';
import { BackfillStatus, connect, type Backfill, type Clients, type SourceStanding } from '@weir/rpc';
import { platformStatus, weirHome, type OnDemandHealth, type PlatformStatus } from '@weir/servers';
import type { Command } from 'commander';
import { paintedRecordState, tallyWords } from '../backfill/progress-lines';
import { action, colour, print, printJson, table, type ExitCode } from '../output';
import { listSchedules } from '../schedule/read-schedules';
import type { ScheduleView } from '../schedule/schedule';
import { nextRunLines } from '../schedule/schedule-lines';
import { openStreamLines, streamSummaries, type StreamSummary } from '../stream/summaries';
import { withTemporal } from '../temporal';
import { printable } from '../terminal-text';
import { localZone } from '../time-words';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('status')
    .description('Every address of the platform and whether it is healthy, the next runs, the open backfills and streams, and where sources stand that are read in sequence.')
    .option('--json', 'all of it as JSON, with the login of the warehouse')
    .addHelpText('after', '\nExamples:\n  weir status\n  weir status --json | jq .warehouse\n\nExit code 3 when the platform is down or not healthy.')
    .action(action(status));
}

async function status({ json }: Options): Promise<ExitCode> {
  const answer = await platformStatus();
  if (answer.kind === 'down') throw down(answer.leftovers);
  const { status: found } = answer;
  const [schedules, backfills, streams, sources] = await Promise.all([schedulesOf(found), fromMetadata(found, openBackfills), streamsOf(found), fromMetadata(found, sourcesInSequence)]);
  if (json) printJson({ ...found, schedules, backfills, streams, sources });
  else {
    show(found);
    for (const line of [...nextRuns(schedules), ...titled('open backfills', backfillLines(backfills)), ...titled('open streams', openStreamLines(streams ?? [])), ...titled('sources that are read in sequence', sourceLines(sources))]) print(line);
  }
  return found.healthy ? 0 : 3;
}

/** The schedules of all pipelines; undefined when Temporal is not there to ask. */
async function schedulesOf({ temporal }: PlatformStatus): Promise<ScheduleView[] | undefined> {
  if (!temporal.healthy) return undefined;
  return withTemporal({ temporal: temporal.address, namespace: temporal.namespace }, listSchedules).catch(() => undefined);
}

/** Streams that were started and not stopped; undefined when Temporal is not there to ask. */
async function streamsOf({ temporal }: PlatformStatus): Promise<StreamSummary[] | undefined> {
  if (!temporal.healthy) return undefined;
  return withTemporal({ temporal: temporal.address, namespace: temporal.namespace }, streamSummaries).catch(() => undefined);
}

/** Open backfills are among the newest. */
const NEWEST = 100;

/** Backfills that are at work or paused. */
async function openBackfills(clients: Clients): Promise<Backfill[]> {
  const { backfills } = await clients.backfills.listBackfills({ pipeline: '', limit: NEWEST }, { timeoutMs: 5_000 });
  return backfills.filter(({ status: state }) => state === BackfillStatus.RUNNING || state === BackfillStatus.PAUSED);
}

/** A source that is read in sequence, and of which pipeline it is. */
interface SequenceSource extends SourceStanding {
  readonly pipeline: string;
}

async function sourcesInSequence(clients: Clients): Promise<SequenceSource[]> {
  const { pipelines } = await clients.definitions.listPipelines({}, { timeoutMs: 5_000 });
  return pipelines.flatMap(({ pipeline, source }) => (source ? [{ pipeline, ...source }] : []));
}

/** What metadata answers; undefined when it is not there to ask. */
async function fromMetadata<Answer>({ services }: PlatformStatus, ask: (clients: Clients) => Promise<Answer>): Promise<Answer | undefined> {
  if (!services.metadata.healthy) return undefined;
  const clients = connect({ metadata: services.metadata.address });
  try {
    return await ask(clients);
  } catch {
    return undefined;
  } finally {
    clients.close();
  }
}

function nextRuns(schedules: readonly ScheduleView[] | undefined): string[] {
  return titled('next runs', schedules === undefined ? ['  Temporal does not answer.'] : schedules.length > 0 ? nextRunLines(schedules, { now: Date.now(), zone: localZone() }) : []);
}

function backfillLines(backfills: readonly Backfill[] = []): string[] {
  return backfills.map((backfill) => `  ${backfill.workflowId}  ${paintedRecordState(backfill)}, ${tallyWords(backfill)}`);
}

function sourceLines(sources: readonly SequenceSource[] = []): string[] {
  return sources.map(({ pipeline, dataset, position }) => `  ${pipeline}, ${dataset}  ${position ? [printable(positionWords(position)), leftWords(position)].filter(Boolean).join('; ') : colour.faint('at its beginning')}`);
}

function titled(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `  ${colour.strong(title)}`, ...lines];
}

function down(leftovers: readonly string[]): WeirError {
  const place = weirHome();
  if (leftovers.length === 0) return new WeirError({ code: 'PLATFORM_DOWN', place, message: 'No platform runs here.' });
  return new WeirError({ code: 'PLATFORM_DOWN', place, message: `The supervisor is gone and left ${leftovers.join(', ')} running.`, fix: 'Run `weir up`, which stops them first, or `weir down`.' });
}

function show({ phase, services, postgres, temporal, temporalUi, jaeger, kafka, registry, warehouse, lake, exports, home }: PlatformStatus): void {
  const login = `database ${warehouse.database}, user ${warehouse.user}`;
  const rows = [
    ...Object.entries(services).map(([name, { address, healthy, restarts }]) => row(name, healthy, address, restarts > 0 ? `${restarts} restarts` : '')),
    row('postgres', postgres.healthy, postgres.address, postgres.how),
    row('temporal', temporal.healthy, temporal.address, temporalUi ? `UI ${temporalUi}` : ''),
    row('jaeger', jaeger.healthy, jaeger.query, jaeger.how),
    onDemandRow('kafka', kafka, kafka.brokers.join(', ')),
    onDemandRow('registry', registry, registry.url),
    row('warehouse', postgres.healthy, `${warehouse.host}:${warehouse.port}`, login),
  ];
  print(`  ${colour.strong(phase)}`, table([{ title: 'part' }, { title: 'health' }, { title: 'address' }, { title: '' }], rows), `  lake ${lake}, exports ${exports}, logs ${home}/logs`);
}

function onDemandRow(name: string, { phase, healthy, how }: OnDemandHealth, address: string): string[] {
  if (phase === 'running') return row(name, healthy, address, how);
  const words = { idle: colour.faint('idle'), starting: colour.doubt('starting'), failed: colour.bad('failed') };
  return [name, words[phase], address, colour.faint(how)];
}

function row(name: string, healthy: boolean, address: string, note: string): string[] {
  return [name, healthy ? colour.good('healthy') : colour.bad('down'), address, colour.faint(note)];
}
