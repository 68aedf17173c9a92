// Reads Parquet files as any program would that knows nothing of Weir, and shares no code with the engine that wrote them:
//   node tools/e2e/bin/read-hive.mjs <folder> <file>…
// writes one line of JSON for each row, with what the folders between say as <name>=<value>.
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const [folder, ...files] = process.argv.slice(2);
for (const path of files) {
  const places = Object.fromEntries(path.split('/').flatMap((name) => (name.includes('=') ? [name.split('=')] : [])));
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, path)), compressors });
  for (const row of rows) process.stdout.write(`${JSON.stringify({ ...row, ...places }, (_, value) => (typeof value === 'bigint' ? Number(value) : value))}\n`);
}
