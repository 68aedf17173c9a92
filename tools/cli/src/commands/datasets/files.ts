import { connect, type LiveSegment } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, bytesWord, colour, count, print, printJson, table } from '../../output';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('files')
    .argument('<pipeline>', 'a pipeline that was applied')
    .argument('<dataset>', 'one of its datasets, with its zone, such as silver.lines')
    .description('The Parquet files that hold what is published of a dataset: what to read of it from outside.')
    .option('--json', 'as JSON, with the partitions of each file')
    .addHelpText('after', `\nExamples:\n  weir datasets files retail silver.lines\n  weir datasets files retail silver.lines --json | jq -r '.files[].path'\n\nPaths are below the folder of the lake. The files of a day that was compacted lie under date=YYYY-MM-DD. Of a file that is not live as a whole only rows whose _weir_partition is listed count.`)
    .action(action(files));
}

async function files(pipeline: string, dataset: string, { json }: Options): Promise<void> {
  const { services } = await platformState();
  const clients = connect({ metadata: services.metadata });
  try {
    let published = 0;
    const found: LiveSegment[] = [];
    for await (const { snapshot, segments } of clients.catalog.getSnapshot({ pipeline, snapshot: 0, datasets: [dataset] })) {
      published = snapshot;
      found.push(...segments);
    }
    const listed = found.map(fileOf).sort((one, other) => (one.path < other.path ? -1 : 1));
    if (json) printJson({ pipeline, dataset, snapshot: published, files: listed });
    else print(listing(listed));
  } finally {
    clients.close();
  }
}

/** A file as it is listed. */
interface ListedFile {
  readonly path: string;
  /** Of a file of one day that a compaction wrote. */
  readonly date: string | null;
  readonly rows: number;
  readonly bytes: number;
  readonly compacted: boolean;
  /** Whether every row of it counts. */
  readonly whole: boolean;
  readonly partitions: readonly string[];
}

function fileOf({ path, rows = 0, bytes, whole, partitions, zoneMap }: LiveSegment): ListedFile {
  const date = /\/(?:_weir_)?date=([^/]+)\//.exec(path)?.[1] ?? null;
  return { path, date, rows, bytes, compacted: zoneMap !== undefined, whole, partitions };
}

function listing(listed: readonly ListedFile[]): string {
  if (listed.length === 0) return '  Nothing is published of it.';
  const right = 'right' as const;
  const columns = [{ title: 'file' }, { title: 'date' }, { title: 'rows', align: right }, { title: 'bytes', align: right }, { title: 'compacted' }, { title: 'partitions', align: right }];
  const rows = listed.map(({ path, date, rows: held, bytes, compacted, whole, partitions }) => [path, date ?? '', count(held), bytesWord(bytes), compacted ? 'yes' : '', whole ? count(partitions.length) : colour.doubt(`${count(partitions.length)}, not all`)]);
  return table(columns, rows);
}
