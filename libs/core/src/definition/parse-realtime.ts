import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import type { Destination, PipelineMode, StreamSettings } from './definition';
import { parseDuration } from './duration';
import type { ScheduleYaml } from './parse-schedule';
import type { SourceYaml } from './parse-source';
import { DEFAULTS } from './defaults';

/** The keys of pipeline.yaml that say how a stream runs, as the schema leaves them. */
export interface StreamYaml {
  mode?: PipelineMode;
  stream?: { consumers?: number; refresh?: string };
}

/** What else of pipeline.yaml a stream has a say in. */
interface RealtimeYaml extends StreamYaml, ScheduleYaml {
  source: SourceYaml;
  approval?: string;
  grain?: string;
}

const REFRESH_MS = { least: 1_000, most: 86_400_000 };

/** The settings of a stream with their defaults; undefined for other modes. */
export function resolveStream({ mode, stream = {} }: StreamYaml): StreamSettings | undefined {
  if (mode !== 'realtime') return undefined;
  return { consumers: stream.consumers ?? DEFAULTS.consumers, refreshMs: parseDuration(stream.refresh ?? DEFAULTS.refresh) ?? 0 };
}

/** What goes with `mode: realtime` and what does not; and what a topic needs in other modes. */
export function checkRealtime(text: RealtimeYaml, destinations: readonly Destination['type'][], report: Report): void {
  const { mode, stream, source } = text;
  const only = (path: YamlPath, message: string, fix: string) => report.invalid(path, message, fix);
  if (mode !== 'realtime') {
    if (stream !== undefined) only(['stream'], '`stream` is for pipelines of mode `realtime`.', 'Add `mode: realtime`, or remove `stream`.');
    if (source.type === 'kafka' && text.grain === undefined) report.add('MISSING_KEY', ['source'], 'A topic is read by time range, so the pipeline needs a grain.', 'Add a grain such as `grain: 5m`, or `mode: realtime`.');
    return;
  }
  if (source.type !== 'kafka') only(['mode'], 'A pipeline of mode `realtime` reads a topic.', 'Use a source of type kafka, or leave `mode` out.');
  if (text.schedule !== undefined && text.schedule !== false) only(['schedule'], 'A pipeline of mode `realtime` has no schedule: its stream runs until it is stopped.', 'Remove `schedule`.');
  checkStreamDestinations(destinations, report);
  if (text.approval === 'warning') only(['approval'], 'A stream waits for nobody, so that `approval` has no meaning.', 'Remove `approval`.');
  const refresh = parseDuration(stream?.refresh ?? DEFAULTS.refresh) ?? 0;
  if (refresh < REFRESH_MS.least || refresh > REFRESH_MS.most) only(['stream', 'refresh'], `\`stream.refresh\` cannot be \`${stream?.refresh}\`.`, 'Use a time from 1s to 1d.');
}

/** The first one holds the positions; files follow from the archive. */
function checkStreamDestinations([primary, ...others]: readonly Destination['type'][], report: Report): void {
  if (primary !== 'postgres') return report.invalid(['destinations', 0], 'The first destination of a stream holds its positions, in one transaction with its rows, which files cannot.', 'Put a destination in Postgres before it: the files then get what the archive publishes.');
  const second = others.indexOf('postgres');
  if (second >= 0) report.invalid(['destinations', second + 1], 'A stream has one destination in Postgres: its rows and positions are one transaction there.', 'Keep one, or let another pipeline read this one.');
}
