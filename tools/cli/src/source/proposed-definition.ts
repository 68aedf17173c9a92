import type { DiscoveredColumn, DiscoveredDataset } from '@weir/rpc';
import { contractText, yamlText } from '../init/contract-text';
import { columnNames, plainDatasetName } from '../init/plain-name';
import type { InitFile } from '../init/write-definition';
import { cut, printable } from '../terminal-text';

/** What was discovered, and by which connection. */
export interface Discovered {
  /** Undefined of files, and of topics of the platform. */
  readonly connection: string | undefined;
  /** `postgres`, `api`, `s3`, `file` or `kafka`. */
  readonly type: string;
  /** Of a store. */
  readonly bucket: string;
  readonly dataset: DiscoveredDataset;
}

/** What a pipeline is called that reads a table, a path, files, objects or a topic: by the last part of their name that says something. */
export function proposedName({ name, kind }: DiscoveredDataset): string {
  const parts = kind === 'object' || kind === 'file' ? name.split('/').map((part) => part.replace(/\.[a-z.]+$/i, '').replace(/[*?]|\{\w+\}/g, '')) : name.replace(/[?#].*$/, '').split(/[./]/);
  return plainDatasetName(parts.findLast((part) => /[a-z0-9]/i.test(part)) ?? '', 'rows');
}

/** Contract, pipeline and a first model of what was discovered. `sqlName` is the dataset's name as SQL can have it. */
export function proposedDefinition(found: Discovered, name: string, sqlName: string): InitFile[] {
  const columns = columnsOf(found.dataset);
  const source = { postgres: 'the rows of the table', api: 'the records of the API', file: 'the files', kafka: 'the records of the topic' }[found.type] ?? 'the objects';
  return [
    { path: 'pipeline.yaml', text: pipelineYaml(found, name, columns.filter(({ keyPosition }) => keyPosition !== undefined).sort((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0)).map((column) => column.name)) },
    { path: 'contract.odcs.yaml', text: contractText({ id: `${name}-${name}`, dataset: name, about: source }, columns) },
    { path: `models/silver/${name}_rows.sql`, text: `-- All columns of the source, as the contract admits them.\nselect *\nfrom bronze.${sqlName}\n` },
  ];
}

function columnsOf({ columns, key }: DiscoveredDataset): (Parameters<typeof contractText>[1][number])[] {
  const names = columnNames(columns.map(({ name }) => name));
  return columns.map((column, at) => {
    const place = key.indexOf(column.name);
    return { name: names[at] ?? column.name, physicalName: column.name, type: typeLines(column), keyPosition: place < 0 ? undefined : place + 1, required: column.required };
  });
}

const LOGICAL: Readonly<Record<string, string>> = { VARCHAR: 'string', BOOLEAN: 'boolean', BIGINT: 'integer', DATE: 'date', TIMESTAMP: 'timestamp', OBJECT: 'object', ARRAY: 'array' };

function typeLines({ type, sourceType }: DiscoveredColumn): string[] {
  const comment = sourceType === '' ? '' : `   # ${cut(printable(sourceType), 60)}${sourceType.endsWith('with time zone') ? ', as UTC' : ''}`;
  const logical = LOGICAL[type];
  return logical === undefined ? [`logicalType: number${comment}`, `physicalType: ${type.toLowerCase()}`] : [`logicalType: ${logical}${comment}`];
}

function pipelineYaml(found: Discovered, name: string, key: readonly string[]): string {
  const { connection, type, dataset } = found;
  const cursor = type === 'postgres' ? likeliestCursor(dataset.columns) : undefined;
  const grain = type === 'kafka' ? '1h' : type === 's3' || type === 'file' ? grainOf(dataset.name) : undefined;
  return `# Where the rows come from, what is made of them, and where it goes.${grain === undefined ? ` Each run reads all rows${cursor ? ', unless the two lines with # are made settings' : ''}.` : ''}
name: ${yamlText(name)}
${cursor ? '# grain: 1d\n' : grain === undefined ? '' : `grain: ${grain}\n`}source:
  dataset: ${yamlText(name)}
  type: ${type}
${connection === undefined ? '' : `  connection: ${yamlText(connection)}\n`}${dataset.format === 'csv' ? '' : '  emptyText: keep   # is text, and not null\n'}${sourceLines(found, cursor)}${key.length === 0 ? '' : `models:\n  ${name}_rows: { key: [${key.map(yamlText).join(', ')}] }\n`}destinations:
  - { connection: warehouse, schema: ${yamlText(name)} }   # \`warehouse\` comes with \`weir up\`
`;
}

function sourceLines(found: Discovered, cursor: DiscoveredColumn | undefined): string {
  const { type, bucket, dataset } = found;
  switch (type) {
    case 'postgres':
      return tableLines(dataset, cursor);
    case 's3':
      return `  bucket: ${yamlText(bucket)}\n${fileLines(dataset)}`;
    case 'file':
      return fileLines(dataset);
    case 'kafka':
      return `  topic: ${yamlText(dataset.name)}\n  # Each run reads the records of an hour, by their timestamps. With \`mode: realtime\` at the top a stream reads them as they come: docs/streams.md.\n`;
    default:
      return pageLines(dataset);
  }
}

/** Of keys and paths that have a day or an hour in them. */
function grainOf(key: string): string | undefined {
  return key.includes('{date}') ? '1d' : key.includes('{hour}') ? '1h' : undefined;
}

function fileLines({ name, format, delimiter, records }: DiscoveredDataset): string {
  const how = [...(format === 'csv' ? [] : [`format: ${format}`]), ...(delimiter === '' || delimiter === ',' ? [] : [`delimiter: ${JSON.stringify(delimiter)}`]), ...(records === '' ? [] : [`records: ${yamlText(records)}`])];
  return `  path: ${JSON.stringify(name)}\n${how.map((line) => `  ${line}\n`).join('')}`;
}

function tableLines({ name }: DiscoveredDataset, cursor: DiscoveredColumn | undefined): string {
  const suggested = cursor && `  # cursor: ${yamlText(cursor.name)}   # suggested: ${printable(cursor.sourceType)}${cursor.required ? ', never null' : '; it may be null, and rows without it belong to no interval'}\n`;
  return `  table: ${yamlText(name)}\n${suggested ?? ''}`;
}

function pageLines({ name, records }: DiscoveredDataset): string {
  return `  path: ${yamlText(name)}\n${records === '' ? '' : `  records: ${yamlText(records)}\n`}  # pages: how the next page is asked for, and interval: which records are of which interval, are in docs/sources.md\n`;
}

/** Words for the time of the newest change come before those for the time at which a row came about: rows that change are then read again. */
const WORDS = [/updated|modified|changed/, /created|inserted|placed|ordered|occurred|happened|recorded|logged|sold|event/, /(?:^|_)(?:at|on|time|timestamp|ts|date|day)$/];

/** The column of times that looks like it says when a row was written, one that is never null before others; undefined where none looks so. */
function likeliestCursor(columns: readonly DiscoveredColumn[]): DiscoveredColumn | undefined {
  const times = columns.filter(({ name, sourceType }) => /^(?:timestamp|date)\b/.test(sourceType) && /^[a-z_][a-z0-9_$]*$/.test(name));
  const fitting = [true, false].flatMap((required) => WORDS.flatMap((word) => times.filter((column) => column.required === required && word.test(column.name))));
  return fitting[0];
}
