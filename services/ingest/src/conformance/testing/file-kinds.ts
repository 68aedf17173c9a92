import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, type FileSource } from '@weir/core';
import { tempDir } from '@weir/testkit';
import { byDay, csvOf, csvRows } from './csv-rows';
import type { Row } from './row';
import { changedSource, type Mistake, type OpenSource, type SourceKind } from './source-kind';

const changed = changedSource<FileSource>;

const NO_FOLDER: Mistake = { what: 'a folder that is not there', change: changed({ path: '/weir-nowhere/*.csv' }), error: { code: 'SOURCE_MISSING', place: '/weir-nowhere', fix: /Create the folder/ } };

export const DATED_FILES: SourceKind = {
  name: 'dated files',
  addressed: 'by interval',
  spoilt: {},
  mistakes: [
    { ...NO_FOLDER, change: changed({ path: '/weir-nowhere/{date}.csv' }) },
    { what: 'a day without a file', change: changed({ empty: 'error' }), error: { code: 'SOURCE_MISSING', place: /\/2026-01-01\.csv$/, fix: /`source\.empty: allow`/ } },
  ],
  open: () => openFolder({ path: '{date}.csv' }, async (folder, rows) => {
    for (const [date, of] of byDay(rows)) await writeFile(join(folder, `${date}.csv`), csvOf(of));
  }),
};

export const NEW_FILES: SourceKind = {
  name: 'new files',
  addressed: 'in sequence',
  spoilt: {},
  mistakes: [NO_FOLDER, { what: 'no new file where that is an error', change: changed({ empty: 'error' }), error: { code: 'SOURCE_MISSING', place: /\*\.csv$/, fix: /`source\.empty: allow`/ } }],
  open: () => openFolder({ path: '*.csv', track: 'new' }, (folder, rows) => writeFile(join(folder, `from-${rows[0]?.id}.csv`), csvOf(rows))),
};

async function openFolder(source: Pick<FileSource, 'path' | 'track'>, write: (folder: string, rows: readonly Row[]) => Promise<void>): Promise<OpenSource> {
  const folder = await tempDir();
  return {
    reading: { source: { type: 'file', dataset: 'orders', layout: CSV_LAYOUT, empty: 'allow', ...source, path: join(folder.path, source.path) }, connections: {}, secrets: {}, allowed: [] },
    dependencies: { takeBounds: { settleMs: 0 } },
    put: (rows) => write(folder.path, rows),
    rowsIn: csvRows,
    close: () => folder.dispose(),
  };
}
