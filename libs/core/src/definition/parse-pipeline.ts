import { WeirError } from '../errors';
import { grainMs } from '../interval/interval';
import { Report } from '../yaml/report';
import { shownValue, validateYaml } from '../yaml/validate-yaml';
import { type YamlPath, YamlText } from '../yaml/yaml-text';
import type { ConnectionSettings } from './connection';
import type { Definition, DefinitionFile, ModelScope, WriteMode } from './definition';
import { DEFAULTS } from './defaults';
import { parseDuration, parseShare } from './duration';
import { ZONES } from './names';
import { type DestinationYaml, checkDestinations, resolveDestination } from './parse-destinations';
import { type StreamYaml, checkRealtime, resolveStream } from './parse-realtime';
import { type ScheduleYaml, checkSchedule, resolveLookback, resolveSchedule } from './parse-schedule';
import { type SourceYaml, checkSource, resolveSource } from './parse-source';
import { PIPELINE_SCHEMA } from './pipeline-schema';
import type { Problem } from './problem';
import { type RetentionYaml, checkRetention, resolveRetention } from './retention';

/** What pipeline.yaml says about one model. */
export interface ModelSettings {
  readonly key?: readonly string[];
  readonly over?: ModelScope;
  readonly writeMode?: WriteMode;
  readonly sequence?: string;
}

/** pipeline.yaml, with defaults and durations resolved. */
export interface Pipeline extends Omit<Definition, 'contract' | 'models' | 'upstream' | 'connections'> {
  readonly models: ReadonlyMap<string, ModelSettings>;
}

/** pipeline.yaml as the schema leaves it. */
interface PipelineYaml extends ScheduleYaml, StreamYaml {
  name: string;
  description?: string;
  approval?: Definition['approval'];
  retention?: RetentionYaml;
  source: SourceYaml;
  models?: Record<string, ModelSettings | null>;
  destinations: DestinationYaml[];
  quarantine?: { failAbove?: string | number; minRows?: number };
  retries?: number;
  retryDelay?: string;
  executionTimeout?: string;
}

const DAY_MS = 86_400_000;

/** Parses pipeline.yaml; `yaml` is there for places whenever the text is YAML at all, `pipeline` only without problems of form. */
export function parsePipeline(file: DefinitionFile, root: string, connections: ReadonlyMap<string, ConnectionSettings> = new Map()): { yaml?: YamlText; pipeline?: Pipeline; problems: Problem[] } {
  const parsed = YamlText.parse(file);
  if ('problems' in parsed) return { problems: parsed.problems };
  const { yaml } = parsed;
  const shape = validateYaml(yaml, PIPELINE_SCHEMA);
  // Unknown keys do no harm to the rest: everything else is still checked, so that one pass shows all problems.
  if (shape.some((problem) => problem.code !== 'UNKNOWN_KEY')) return { yaml, problems: shape };
  const text = yaml.value as PipelineYaml;
  return { yaml, pipeline: resolve(text, root, connections), problems: [...shape, ...meaningProblems(text, yaml, connections)] };
}

function resolve(text: PipelineYaml, root: string, connections: ReadonlyMap<string, ConnectionSettings>): Pipeline {
  const { quarantine = {} } = text;
  const [failAbove, minRows] = text.mode === 'realtime' ? [DEFAULTS.realtimeFailAbove, DEFAULTS.realtimeMinRows] : [DEFAULTS.failAbove, DEFAULTS.minRows];
  return {
    name: text.name,
    description: text.description ?? '',
    mode: text.mode ?? DEFAULTS.mode,
    grain: text.grain ?? (text.mode === 'realtime' ? DEFAULTS.realtimeGrain : undefined),
    stream: resolveStream(text),
    schedule: resolveSchedule(text),
    lookbackGrains: resolveLookback(text),
    approval: text.approval ?? DEFAULTS.approval,
    retention: resolveRetention(text.retention),
    source: resolveSource(text.source, root),
    models: new Map(Object.entries(text.models ?? {}).map(([name, settings]) => [name, settings ?? {}])),
    destinations: text.destinations.map((destination) => resolveDestination(destination, connections)),
    policy: {
      retries: text.retries ?? DEFAULTS.retries,
      retryDelayMs: parseDuration(text.retryDelay ?? DEFAULTS.retryDelay) ?? 0,
      executionTimeoutMs: parseDuration(text.executionTimeout ?? DEFAULTS.executionTimeout) ?? 0,
      failAbove: { share: parseShare(quarantine.failAbove ?? failAbove) ?? 0, minRows: quarantine.minRows ?? minRows },
    },
  };
}

/** What a JSON Schema cannot say. */
function meaningProblems(text: PipelineYaml, yaml: YamlText, connections: ReadonlyMap<string, ConnectionSettings>): Problem[] {
  const problems: Problem[] = [];
  const report = (path: YamlPath, message: string, fix: string, code: Problem['code'] = 'INVALID_VALUE') => {
    problems.push({ code, message, fix, place: yaml.place(path) });
  };
  if ((ZONES as readonly string[]).includes(text.name)) report(['name'], `A pipeline cannot be named \`${text.name}\`: that is a zone.`, 'Choose another name.');
  const badGrain = text.grain === undefined ? undefined : grainFault(text.grain);
  if (badGrain) report(['grain'], badGrain.message, badGrain.fix);
  const failAbove = text.quarantine?.failAbove;
  if (failAbove !== undefined && parseShare(failAbove) === undefined) {
    report(['quarantine', 'failAbove'], `\`quarantine.failAbove\` cannot be ${shownValue(failAbove)}.`, 'Write a share such as 5% or 0.05, from 0 to 1.');
  }
  if ((parseDuration(text.retryDelay ?? '0s') ?? 0) > DAY_MS) report(['retryDelay'], `\`retryDelay\` cannot be \`${text.retryDelay}\`: the most is 1d.`, 'Use a shorter time.');
  const timeout = parseDuration(text.executionTimeout ?? DEFAULTS.executionTimeout) ?? 0;
  if (timeout < 1_000 || timeout > 7 * DAY_MS) report(['executionTimeout'], `\`executionTimeout\` cannot be \`${text.executionTimeout}\`.`, 'Use a time from 1s to 7d.');
  const further = new Report(yaml);
  if (!badGrain) checkSource(text.source, text.grain, connections, further);
  checkDestinations(text.destinations, connections, further);
  checkRealtime(text, text.destinations.map((destination) => resolveDestination(destination, connections).type), further);
  checkSchedule(text, further);
  checkRetention(text.retention, further);
  return [...problems, ...further.problems];
}

function grainFault(grain: string): { message: string; fix: string } | undefined {
  try {
    grainMs(grain);
    return undefined;
  } catch (error) {
    if (error instanceof WeirError) return { message: error.message, fix: error.fix };
    throw error;
  }
}
