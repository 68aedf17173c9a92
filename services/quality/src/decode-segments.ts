import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordDecoder } from '@weir/connectors';
import { FILE_COLUMN, headerNames, OFFSET_COLUMN, planValidate, POISON_MARK, quoteLiteral, TOMBSTONE_MARK, type ContractDataset, type PoisonReason, type ReadFile, type ValidatePlan } from '@weir/core';
import { withEngine, type Engine, type EngineOptions } from '@weir/engine';
import { recordText } from './batch-texts';
import { decodeValues } from './decode-values';
import { judgeDecoded } from './judge-decoded';
import type { LogSegment } from './log-segments';
import { archivedHeaders, withHeaders } from './record-headers';

/** Segments that one statement reads. */
const SEGMENTS_AT_ONCE = 500;

export interface SegmentContext {
  readonly engine: Engine;
  readonly dataset: ContractDataset;
  /** Undefined for values that are JSON: the engine reads them by itself, unless columns are read from headers. */
  readonly decoder: RecordDecoder | undefined;
  /** Absolute path of the engine's staging folder. */
  readonly dir: string;
  /** Of a second engine. */
  readonly limits: Pick<EngineOptions, 'memoryLimit' | 'threads' | 'signal'>;
}

/**
 * Reads the segments of a log into the engine as decodeFiles does files: the same tables and views. Throws DECODE_MISMATCH when the engine does not see the records that the
 * manifest lists, and UNAVAILABLE while a registry that is needed does not answer.
 */
export async function decodeSegments(segments: readonly LogSegment[], context: SegmentContext): Promise<ValidatePlan> {
  const { engine, dataset, decoder } = context;
  const plan = planValidate(dataset, 'log');
  const headers = headerNames(dataset);
  const groups = inGroups(segments);
  for (const [index, group] of groups.entries()) {
    const relation = decoder || headers.size > 0 ? await decodedRelation(group, context, headers) : textRelation(group);
    await engine.run(plan.decodeFrom(relation, index === 0), 'decode');
  }
  if (groups.length === 0) await engine.run(plan.decodeFrom(EMPTY, true), 'decode');
  const files = segments.map(({ file, partition, name, records }): ReadFile => ({ file, partition, name, records, first: 0, shift: 0 }));
  const mismatch = ({ name, records }: ReadFile, rows: number): string => `The manifest lists ${records} records of ${name}, the engine found ${rows}.`;
  await judgeDecoded({ engine, plan, files, mismatch });
  return plan;
}

function inGroups(segments: readonly LogSegment[]): (readonly LogSegment[])[] {
  const groups: LogSegment[][] = [];
  for (let at = 0; at < segments.length; at += SEGMENTS_AT_ONCE) groups.push(segments.slice(at, at + SEGMENTS_AT_ONCE));
  return groups;
}

const EMPTY = `(select null::VARCHAR as value, 0 as ${FILE_COLUMN}, 0::BIGINT as ${OFFSET_COLUMN} where false)`;

/** The columns of segments as they lie in the lake, with the number of the segment within the run. */
export function segmentsSql(segments: readonly LogSegment[], columns: string): string {
  const first = segments[0]?.file ?? 0;
  return `(select ${columns}, (file_index + ${first})::INTEGER as ${FILE_COLUMN} from read_parquet([${segments.map(({ path }) => quoteLiteral(path)).join(', ')}]))`;
}

/** Values that are JSON, as record-texts.ts wants them. It agrees with batch-texts.ts, which does the same for micro-batches. */
function textRelation(segments: readonly LogSegment[]): string {
  const poison = (reason: PoisonReason): string => quoteLiteral(POISON_MARK + reason);
  const mark = `chr(31)`;
  const key = `case when key is null then ${quoteLiteral(TOMBSTONE_MARK)} when k is null then ${poison('invalid_utf8')} when starts_with(k, ${mark}) or contains(k, chr(30)) or contains(k, chr(29)) then ${poison('undecodable')} else ${quoteLiteral(TOMBSTONE_MARK)} || k end`;
  const value = `case when poison is not null then ${quoteLiteral(POISON_MARK)} || poison when value is null then ${key} when v is null then ${poison('invalid_utf8')} when starts_with(v, ${mark}) then ${poison('undecodable')} else v end`;
  const raw = segmentsSql(segments, `key, value, poison, kafka_offset as ${OFFSET_COLUMN}, try(decode(value)) as v, case when value is null then try(decode(key)) end as k`);
  return `(select ${value} as value, ${FILE_COLUMN}, ${OFFSET_COLUMN} from ${raw})`;
}

/** Where texts wait that were decoded here. */
const TEXTS = 'weir_texts';

interface RawRecord {
  readonly file: number;
  readonly offset: number;
  readonly value: Uint8Array | null;
  readonly key: Uint8Array | null;
  readonly headers: string | null;
  readonly poison: string | null;
}

/** Decodes segments into a table, with the headers of these names, page by page: an engine of its own reads them, because the other one does nothing else while it does. */
async function decodedRelation(segments: readonly LogSegment[], { engine, dir, limits, decoder }: SegmentContext, names: ReadonlySet<string>): Promise<string> {
  await engine.run(`create or replace temp table ${TEXTS} (value VARCHAR, ${FILE_COLUMN} BIGINT, ${OFFSET_COLUMN} BIGINT)`, 'texts');
  const staging = join(dir, 'raw-reader');
  await mkdir(staging, { recursive: true });
  const raw = segmentsSql(segments, `key, case when poison is null then value end as value, ${names.size === 0 ? 'null::VARCHAR as headers' : 'headers'}, poison, kafka_offset as "offset"`);
  await withEngine({ inputs: segments.map(({ path }) => path), staging, ...limits }, async (reader) => {
    for await (const page of reader.pages<RawRecord>(`select ${FILE_COLUMN} as file, "offset", value, key, headers, poison from ${raw}`, 'raw records')) await engine.append(TEXTS, await textRows(page, decoder, names));
  });
  return `(select value, ${FILE_COLUMN}::INTEGER as ${FILE_COLUMN}, ${OFFSET_COLUMN} from ${TEXTS})`;
}

async function textRows(page: readonly RawRecord[], decoder: RecordDecoder | undefined, names: ReadonlySet<string>): Promise<(string | number)[][]> {
  const records = page.map(({ value, key }) => ({ value: value && Buffer.from(value), key: key && Buffer.from(key) }));
  const texts = decoder ? await decodeValues(decoder, records) : records.map(({ value, key }) => recordText(value, key));
  return page.map(({ file, offset, headers, poison }, n) => {
    const value = texts[n] ?? { reason: 'undecodable' };
    const text = names.size === 0 ? value : withHeaders(value, archivedHeaders(headers), names);
    return [poison !== null ? POISON_MARK + poison : Buffer.isBuffer(text) ? text.toString('utf8') : POISON_MARK + text.reason, file, offset];
  });
}
