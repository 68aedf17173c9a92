import { formatDuration, isReadInSequence, leftWords, positionWords, type Definition, type Retention, type Take, type Zone } from '@weir/core';
import { connect, newestDefinition, type Clients, type DatasetSummary } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, count, print, printJson, table } from '../../output';
import { printable } from '../../terminal-text';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('list')
    .argument('<pipeline>', 'a pipeline that was applied')
    .description('The datasets of a pipeline: rows, partitions and how long they are kept; and how far its source was read, where it is read in sequence.')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir datasets list retail\n  weir datasets list retail --json | jq .datasets')
    .action(action(list));
}

async function list(pipeline: string, { json }: Options): Promise<void> {
  const { services } = await platformState();
  const clients = connect({ metadata: services.metadata });
  try {
    const [{ datasets }, definition] = await Promise.all([clients.catalog.listDatasets({ pipeline }), newestDefinition(clients, pipeline)]);
    const { retention } = definition;
    const position = await positionOf(clients, definition);
    if (json) printJson({ pipeline, datasets: datasets.map((dataset) => ({ ...dataset, zone: zoneOf(dataset), retentionMs: retention[zoneOf(dataset)] ?? null })), ...(position === undefined ? {} : { position }) });
    else print(listing(datasets, retention), ...(position ? ['', positionLine(position)] : []));
  } finally {
    clients.close();
  }
}

/** What the newest interval took, with where that left the source; null before the first, undefined where no source is read in sequence. */
async function positionOf(clients: Clients, { name: pipeline, source }: Definition): Promise<(Take & { readonly words: string }) | null | undefined> {
  if (!isReadInSequence(source)) return undefined;
  for await (const { position } of clients.catalog.listTakes({ pipeline, source: '' })) if (position) return { ...position, words: positionWords(position) };
  return null;
}

function positionLine(take: Take & { readonly words: string }): string {
  return [`  read so far: ${printable(take.words)}`, leftWords(take)].filter(Boolean).join('; ');
}

function listing(datasets: readonly DatasetSummary[], retention: Retention): string {
  const right = 'right' as const;
  const columns = [{ title: 'zone' }, { title: 'dataset' }, { title: 'rows', align: right }, { title: 'partitions', align: right }, { title: 'snapshot', align: right }, { title: 'published' }, { title: 'kept' }];
  const rows = datasets.map((dataset) => {
    const zone = zoneOf(dataset);
    const kept = retention[zone];
    const state = dataset.snapshot > 0 ? [count(dataset.rows), count(dataset.partitions), String(dataset.snapshot), dataset.publishedAt.slice(0, 19)] : ['', '', '', colour.faint('never')];
    return [zone, colour.name(dataset.dataset.slice(zone.length + 1)), ...state, kept === undefined ? 'for ever' : formatDuration(kept)];
  });
  return table(columns, rows);
}

function zoneOf({ dataset }: DatasetSummary): Zone {
  return dataset.slice(0, dataset.indexOf('.')) as Zone;
}
