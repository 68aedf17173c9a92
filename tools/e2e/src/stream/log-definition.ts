import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogKind } from './random-log';

/** A pipeline over a topic of random logs. */
export interface LogPipeline {
  readonly name: string;
  readonly topic: string;
  readonly kind: LogKind;
  readonly mode: 'batch' | 'realtime';
  readonly format?: 'json' | 'avro';
}

/** Writes the definition of a pipeline into a folder of `scratch` and gives the folder: a row model, one that leaves rows out, one over intervals and one over history. */
export function writeLogPipeline(scratch: string, pipeline: LogPipeline): string {
  const folder = join(scratch, pipeline.name);
  for (const zone of ['silver', 'gold']) mkdirSync(join(folder, 'models', zone), { recursive: true });
  const files: Readonly<Record<string, string>> = {
    'pipeline.yaml': pipelineYaml(pipeline),
    'contract.odcs.yaml': contract(pipeline),
    'models/silver/items.sql': "select id, seq, coalesce(label, 'none') as label, amount from bronze.item_events\n",
    // The cast of what the filter refuses must never be made.
    'models/gold/cheap_items.sql': "select id, seq, cast(amount * 100 as bigint) as cents, case when amount < 50 then 'low' else cast(cast(id || ' is not low' as integer) as varchar) end as level from silver.items where amount < 50\n",
    'models/gold/labels_in_interval.sql': 'select label, max(seq) as newest, count(*) as items, sum(amount) as amount from silver.items group by label\n',
    'models/gold/labels.sql': 'select label, count(*) as items, sum(amount) as amount from silver.items group by label\n',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

function pipelineYaml({ name, topic, kind, mode, format = 'json' }: LogPipeline): string {
  const keyed = kind === 'keyless' ? '' : '  items: { key: [id] }\n  cheap_items: { key: [id] }\n';
  const stream = mode === 'realtime' ? 'stream: { refresh: 2s }\n' : '';
  return `name: ${name}
mode: ${mode}
grain: 1h
${stream}source: { dataset: item_events, type: kafka, topic: ${topic}, format: ${format} }
quarantine: { failAbove: 90% }
models:
${keyed}  labels_in_interval: { over: interval }
  labels: { key: [label], over: history }
destinations:
  - { connection: warehouse, schema: ${name} }
`;
}

function contract({ name, kind }: LogPipeline): string {
  const key = kind === 'keyless' ? '' : ', primaryKey: true';
  const order = { sequence: '{ property: weirSequence, value: seq }', arrival: '{ property: weirOrder, value: arrival }', keyless: undefined }[kind];
  const custom = order === undefined ? '' : `    customProperties:\n      - ${order}\n      - { property: weirDelete, value: "op = 'd'" }\n`;
  return `apiVersion: v3.1.0
kind: DataContract
id: ${name}
version: 1.0.0
status: active
schema:
  - name: item_events
${custom}    properties:
      - { name: id, logicalType: string, required: true${key} }
      - { name: seq, logicalType: integer, required: true }
      - { name: op, logicalType: string, required: true }
      - { name: label, logicalType: string }
      - { name: amount, logicalType: number, physicalType: "decimal(12,2)", required: true }
    quality:
      - { name: amount_not_negative, type: custom, engine: weir, implementation: { row: amount >= 0 }, severity: error }
`;
}
