import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scanCsv } from '@weir/connectors';
import { isWeirError, WeirError } from '@weir/core';
import { withEngine } from '@weir/engine';
import { rawPath } from '@weir/lake';
import { decodeFiles } from './decode-files';
import { headerOf } from './header-of';
import { matchHeader } from './match-header';
import { originalOf } from './original-of';
import { brokenReason, type BrokenRules } from './rejects';
import type { ScannedFile } from './scan-files';
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
      const file = await stage(trial, group, scratch.dir, staged);
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

/** Why none of the rows can land, where their file says so. */
async function stage({ lake, definition, signal }: Trial, rows: readonly OpenRow[], dir: string, before: readonly Staged[]): Promise<Staged | string> {
  const { file: name = '', sha256 = null, partition = '' } = rows[0] ?? {};
  const header = await headerOf(lake.absolute(rawPath(definition.name, definition.source.dataset, sha256 ?? '')));
  if (!header) return 'The raw file is no longer kept.';
  const path = join(dir, `rows-${before.length}.csv`);
  const lines: Buffer[] = [header];
  for (const row of rows) lines.push((await originalOf(row, lake)) ?? Buffer.alloc(0), Buffer.from('\n'));
  await writeFile(path, Buffer.concat(lines), { flag: 'wx' });
  const scan = await scanCsv(path, { name, delimiter: fileLayout(definition).delimiter, signal });
  const wrong = headerFault(scan.header, definition, name);
  if (wrong !== undefined) return wrong;
  if (scan.records !== rows.length) throw new WeirError({ code: 'DECODE_MISMATCH', place: name, message: `Of ${rows.length} rows of the quarantine ${scan.records} are whole.` });
  const first = before.reduce((sum, { rows: others }) => sum + others.length, 0);
  return { scanned: { file: before.length, partition, name, path, sha256: scan.sha256, scan, first }, rows };
}

function headerFault(header: readonly string[], definition: Trial['definition'], name: string): string | undefined {
  try {
    matchHeader(header, sourceContract(definition), name);
    return undefined;
  } catch (error) {
    if (isWeirError(error) && (error.code === 'HEADER_MISMATCH' || error.code === 'CONTRACT_FROZEN')) return error.message;
    throw error;
  }
}

interface Broken extends BrokenRules {
  readonly ordinal: number;
}

async function judged({ definition, engine: limits, signal }: Trial, staged: readonly Staged[], dir: string): Promise<Map<string, string>> {
  const rows = staged.flatMap((file) => file.rows);
  const files = staged.map(({ scanned }) => scanned);
  return withEngine({ inputs: files.map(({ path }) => path), staging: dir, ...limits, signal }, async (engine) => {
    const { delimiter } = fileLayout(definition);
    const plan = await decodeFiles({ files, runs: undefined }, { engine, dataset: sourceContract(definition), delimiter, dir, signal });
    const broken = await engine.rows<Broken>(plan.brokenAfter(-1, rows.length), 'rows that stay');
    return new Map(broken.map((row) => [rows[row.ordinal]?.id ?? '', brokenReason(row, plan.decode.rules)]));
  });
}
