import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weir } from './command-line';

/** A line of a day's file: key, version, amount. */
export type ItemLine = readonly [id: string, seq: number, amount: string];

/** A pipeline over daily files of items with versions. */
export interface ItemPipeline {
  readonly name: string;
  /** Folder of the definition. */
  readonly folder: string;
  /** Folder of the daily files. */
  readonly data: string;
}

/** Writes a pipeline into `scratch`; files are there when `writeDay` has written them. */
export function itemPipeline(scratch: string, name: string): ItemPipeline {
  const pipeline = { name, folder: join(scratch, name), data: join(scratch, `${name}-data`) };
  mkdirSync(pipeline.data, { recursive: true });
  for (const zone of ['silver', 'gold']) mkdirSync(join(pipeline.folder, 'models', zone), { recursive: true });
  const yaml = [`name: ${name}`, 'grain: 1d', `source: { dataset: items, type: file, path: "${pipeline.data}/{date}.csv" }`, 'quarantine: { failAbove: 90% }', 'models:', '  item: { key: [id] }', '  total: { key: [kind], over: history }', 'destinations:', `  - { connection: warehouse, schema: ${name} }`];
  writeFileSync(join(pipeline.folder, 'pipeline.yaml'), `${yaml.join('\n')}\n`);
  writeFileSync(join(pipeline.folder, 'models/silver/item.sql'), 'select id, seq, amount from bronze.items\n');
  writeFileSync(join(pipeline.folder, 'models/gold/total.sql'), "select case when amount < 0 then 'owed' else 'owned' end as kind, count(*) as items, sum(amount) as amount from silver.item group by 1\n");
  writeContract(pipeline, true);
  return pipeline;
}

/** The contract: with the rule that refuses negative amounts, or without. */
export function writeContract({ name, folder }: ItemPipeline, strict: boolean): void {
  const rule = `    quality:\n      - { name: amount_not_negative, description: Nobody owes., type: custom, engine: weir, implementation: { row: amount >= 0 }, severity: error }\n`;
  writeFileSync(
    join(folder, 'contract.odcs.yaml'),
    `apiVersion: v3.1.0
kind: DataContract
id: ${name}
version: ${strict ? '1.0.0' : '1.1.0'}
status: active
schema:
  - name: items
    customProperties:
      - { property: weirSequence, value: seq }
    properties:
      - { name: id, logicalType: string, required: true, primaryKey: true }
      - { name: seq, logicalType: integer, required: true }
      - { name: amount, logicalType: number, physicalType: "decimal(12,2)", required: true }
${strict ? rule : ''}`,
  );
}

/** Writes the file of a day. */
export function writeDay({ data }: ItemPipeline, day: string, lines: readonly ItemLine[]): void {
  writeFileSync(join(data, `${day}.csv`), `${['id,seq,amount', ...lines.map((line) => line.join(','))].join('\n')}\n`);
}

/** Applies the definition through the command line. */
export async function applyItems({ folder }: ItemPipeline, home: string): Promise<void> {
  const end = await weir(['apply', folder, '--json'], home);
  if (end.code !== 0) throw new Error(`weir apply ${folder} ended with ${end.code}:\n${end.stdout}${end.stderr}`);
}
