import { instantOf } from '../interval/interval';
import type { Report } from '../yaml/report';
import type { RecordFormat, Source } from './definition';
import { DEFAULTS } from './pipeline-schema';
import { resolvePath, sourcePathFault } from './source-path';

/** `source` of pipeline.yaml as the schema leaves it: the keys of every type. */
export interface SourceYaml {
  dataset: string;
  type: Source['type'];
  path?: string;
  delimiter?: string;
  empty?: 'allow' | 'error';
  connection?: string;
  topic?: string;
  format?: RecordFormat;
  start?: string;
}

/** The keys that each type has besides `dataset` and `type`; the first one is required. */
const KEYS = { file: ['path', 'delimiter', 'empty'], kafka: ['topic', 'connection', 'format', 'start'] } as const;

/** The only Kafka until connections can be declared. */
const CONNECTION = DEFAULTS.kafkaConnection;

/** The source with its defaults; `root` is the folder that relative paths refer to. Values with problems are left as they are. */
export function resolveSource(source: SourceYaml, root: string): Source {
  const { dataset, type } = source;
  if (type === 'file') {
    return { type, dataset, path: resolvePath(root, source.path ?? ''), delimiter: source.delimiter ?? DEFAULTS.delimiter, empty: source.empty ?? DEFAULTS.empty };
  }
  const { connection = DEFAULTS.kafkaConnection, topic = '', format = DEFAULTS.recordFormat, start = DEFAULTS.startFrom } = source;
  return { type, dataset, connection, topic, format, start: instantOf(start) ?? start };
}

/** What a JSON Schema cannot say about a source; `grain` is undefined where there is none or it has a problem of its own. */
export function checkSource(source: SourceYaml, grain: string | undefined, report: Report): void {
  const [required] = KEYS[source.type];
  if (source[required] === undefined) report.add('MISSING_KEY', ['source'], `\`${required}\` is missing from a source of type \`${source.type}\`.`, `Add \`${required}\`.`);
  const known: readonly string[] = KEYS[source.type];
  // Keys of no type at all are the schema's to report.
  for (const key of Object.values(KEYS).flat()) {
    if (source[key] === undefined || known.includes(key)) continue;
    report.add('UNKNOWN_KEY', ['source', key], `\`${key}\` is not a key of a source of type \`${source.type}\`.`, 'Remove it, or change the type.');
  }
  if (source.type === 'file') checkFile(source, grain, report);
  else checkKafka(source, report);
}

function checkFile({ path, delimiter = DEFAULTS.delimiter }: SourceYaml, grain: string | undefined, report: Report): void {
  const fault = path === undefined ? undefined : sourcePathFault(path, grain);
  if (fault) report.invalid(['source', 'path'], fault.message, fault.fix);
  if (/["\r\n\0]/.test(delimiter)) report.invalid(['source', 'delimiter'], '`source.delimiter` cannot be a quote or a line break.', 'Use a character such as , or ; or a tab.');
}

function checkKafka({ connection = CONNECTION, start = DEFAULTS.startFrom }: SourceYaml, report: Report): void {
  if (connection !== CONNECTION) report.add('UNKNOWN_CONNECTION', ['source', 'connection'], `There is no Kafka connection \`${connection}\`.`, `Use \`${CONNECTION}\`, the connection that comes with \`weir up\`.`);
  if (start !== 'earliest' && start !== 'latest' && instantOf(start) === undefined) {
    report.invalid(['source', 'start'], `\`source.start\` cannot be \`${start}\`.`, 'Use earliest, latest, or a time such as 2026-01-01T00:00:00Z.');
  }
}
