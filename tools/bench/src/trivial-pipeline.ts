import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalInstant, type Interval } from '@weir/core';

/** The pipeline that the orchestration bench runs: one row an hour through one model. What it costs is what orchestration costs. */
export const TRIVIAL = 'bench_trivial';

const HOUR_MS = 3_600_000;
const FIRST = Date.UTC(2024, 0, 1);

const FILES = {
  'pipeline.yaml': `name: ${TRIVIAL}
grain: 1h
source: { dataset: ticks, type: file, path: "data/{hour}.csv" }
models:
  lines: { key: [id] }
destinations:
  - { connection: warehouse, schema: ${TRIVIAL} }
`,
  'contract.odcs.yaml': `apiVersion: v3.1.0
kind: DataContract
id: ${TRIVIAL}
version: 1.0.0
status: active
schema:
  - name: ticks
    properties:
      - { name: id, logicalType: integer, primaryKey: true }
      - { name: amount, logicalType: number, physicalType: "decimal(12,2)" }
`,
  'models/silver/lines.sql': 'select id, amount from bronze.ticks\n',
};

/** Writes the pipeline's folder with a file for each of its first hours. */
export function writeTrivialPipeline(folder: string, hours: number): void {
  mkdirSync(join(folder, 'models/silver'), { recursive: true });
  mkdirSync(join(folder, 'data'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  for (let hour = 0; hour < hours; hour += 1) writeFileSync(join(folder, 'data', `${instant(hour).slice(0, 13)}.csv`), `id,amount\n${hour},1.50\n`);
}

/** Hours of the pipeline, counted from its first. */
export function hoursOf(from: number, count: number): Interval {
  return { start: instant(from), end: instant(from + count) };
}

function instant(hour: number): string {
  return canonicalInstant(FIRST + hour * HOUR_MS);
}
