import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, isWeirError, WeirError, type ContractDataset, type FileLayout } from '@weir/core';
import { withEngine } from '@weir/engine';
import { rawPath, type Scratch } from '@weir/lake';
import { decodeFiles } from './decode-files';
import { fileFormat, type ScannedFile } from './format/file-format';
import { headerOf } from './header-of';
import { matchHeader } from './match-header';
import { originalOf } from './original-of';
import { plainFile } from './plain-file';
import { brokenReason, type BrokenRules } from './rejects';
import { fileLayout, sourceContract } from './source-contract';
import type { Trial } from './trial';
import type { OpenRow, Verdicts } from './try-rows';

/**
 * Puts rows of files after the headers of their files into temporary ones and reads these as a run would; gives why rows stay. A row whose raw file is no longer kept cannot be replayed, and stays.
 * Throws what the engine and the lake throw.
 */
export async function tryFileRows(trial: Trial): Promise<Verdicts> {
  const scratch = await trial.lake.scratch('quarantine', `try-${randomUUID()}`);
  try {
    const staying = new Map<string, string>();
    const staged: Staged[] = [];
    for (const group of grouped(trial.rows)) {
      const file = await stage(trial, group, scratch, staged);
      if (typeof file === 'string') for (const { id } of group) staying.set(id, file);
      else staged.push(file);
    }
    if (staged.length > 0) for (const [id, why] of await judged(trial, staged, scratch.dir)) staying.set(id, why);
    return staying;
  } finally {
    await scratch.dispose();
  }
}

/** Rows of one source file, as a file of their own. */
interface Staged {
  readonly scanned: ScannedFile;
  readonly rows: readonly OpenRow[];
}

function grouped(rows: readonly OpenRow[]): OpenRow[][] {
  const groups = new Map<string, OpenRow[]>();
  for (const row of rows) {
    const key = `${row.sha256} ${row.file}`;
    const known = groups.get(key);
    if (known) known.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

/** How the file of a trial is written: as the raw file, but plain; rows of formats that are no text were set aside as JSON. */
function trialLayout({ definition }: Trial): FileLayout {
  const layout = fileLayout(definition);
  return layout.format === 'csv' ? { ...layout, skipLines: 0, compression: 'none', encoding: 'utf-8' } : { ...CSV_LAYOUT, format: 'ndjson' };
}

/** Why none of the rows can land, where their file says so. */
async function stage(trial: Trial, rows: readonly OpenRow[], scratch: Scratch, before: readonly Staged[]): Promise<Staged | string> {
  const { lake, definition, signal } = trial;
  const { dir } = scratch;
  const { file: name = '', sha256 = null, partition = '' } = rows[0] ?? {};
  const layout = trialLayout(trial);
  const path = join(dir, `rows-${before.length}.txt`);
  const header = layout.format === 'csv' && layout.header ? await rawHeader(trial, { sha256: sha256 ?? '', name, to: `${path}.raw`, scratch }) : Buffer.alloc(0);
  if (!header) return 'The raw file is no longer kept.';
  const lines: Buffer[] = [header];
  for (const row of rows) lines.push(asLine((await originalOf(row, lake)) ?? Buffer.alloc(0), layout), LINE_END);
  await writeFile(path, Buffer.concat(lines), { flag: 'wx' });
  const dataset = sourceContract(definition);
  const format = fileFormat(layout, dataset);
  const scan = await format.scan(path, { name, dir, signal, onLineRun: () => undefined, onChunk: () => undefined });
  const wrong = headerFault(format.header(scan), dataset, name);
  if (wrong !== undefined) return wrong;
  if (scan.records !== rows.length) throw new WeirError({ code: 'DECODE_MISMATCH', place: name, message: `Of ${rows.length} rows of the quarantine ${scan.records} are whole.` });
  const first = before.reduce((sum, { rows: others }) => sum + others.length, 0);
  return { scanned: { file: before.length, partition, name, path, sha256: scan.sha256, scan, first }, rows };
}

/** Whose header is wanted, and where its plain file can be. */
interface WantedHeader {
  readonly sha256: string;
  readonly name: string;
  readonly to: string;
  readonly scratch: Scratch;
}

/** The header line of a raw file; undefined when the file is gone. */
async function rawHeader({ lake, definition, signal }: Trial, { sha256, name, to, scratch }: WantedHeader): Promise<Buffer | undefined> {
  const layout = fileLayout(definition);
  const path = rawPath(definition.name, definition.source.dataset, sha256);
  if (!(await lake.find(path))) return undefined;
  const raw = lake.absolute(path);
  await scratch.hold([raw], signal);
  const plain = await plainFile(raw, layout, { name, to, signal });
  return headerOf(plain.path, layout);
}

function headerFault(header: readonly string[] | undefined, dataset: ContractDataset, name: string): string | undefined {
  try {
    if (header) matchHeader(header, dataset, name);
    return undefined;
  } catch (error) {
    if (isWeirError(error) && (error.code === 'HEADER_MISMATCH' || error.code === 'CONTRACT_FROZEN')) return error.message;
    throw error;
  }
}

const LINE_END = Buffer.from('\n');

/** An element of a JSON document may go over several lines; outside strings, where line ends are space. */
function asLine(original: Buffer, { format }: FileLayout): Buffer {
  return format === 'csv' ? original : Buffer.from(original.toString('latin1').replace(/[\r\n]/g, ' '), 'latin1');
}

interface Broken extends BrokenRules {
  readonly ordinal: number;
}

async function judged(trial: Trial, staged: readonly Staged[], dir: string): Promise<Map<string, string>> {
  const { definition, engine: limits, signal } = trial;
  const dataset = sourceContract(definition);
  const format = fileFormat(trialLayout(trial), dataset);
  const rows = staged.flatMap((file) => file.rows);
  const files = staged.map(({ scanned }) => scanned);
  return withEngine({ inputs: files.map(({ path }) => path), staging: dir, ...limits, signal }, async (engine) => {
    const plan = await decodeFiles({ files, runs: undefined }, { engine, dataset, format, dir, signal });
    const broken = await engine.rows<Broken>(plan.brokenAfter(-1, rows.length), 'rows that stay');
    return new Map(broken.map((row) => [rows[row.ordinal]?.id ?? '', brokenReason(row, plan.decode.rules)]));
  });
}
