import { isUtf8 } from 'node:buffer';
import { connect, type Clients, type GetRowResponse } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, print, printJson } from '../../output';
import { rowDetail } from '../../quarantine/row-detail';
import { parseRow } from '../../quarantine/row-options';

interface Options {
  readonly full?: boolean;
  readonly json?: boolean;
}

/** What a message holds. */
const FULL_BYTES = 3 * 1024 * 1024;

export function register(parent: Command): void {
  parent
    .command('show')
    .argument('<row>', 'its number')
    .description('One row: its original, its rules and what they mean, and what became of it.')
    .option('--full', 'the whole original, up to 3 MiB, not only its first 4 KiB')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  weir quarantine show 17')
    .action(action(show));
}

async function show(row: string, { full = false, json = false }: Options): Promise<void> {
  const id = parseRow(row, '<row>');
  const { services } = await platformState();
  const clients = connect({ quality: services.quality, metadata: services.metadata });
  try {
    const answer = await clients.quarantine.getRow({ id, limit: full ? FULL_BYTES : 0 });
    const runTrace = await traceOf(clients, answer);
    if (json) printJson({ ...plain(answer), runTrace });
    else print(...rowDetail(answer, runTrace));
  } finally {
    clients.close();
  }
}

/** A stream has no run record, and a row is worth showing without one. */
async function traceOf({ runs }: Clients, { row }: GetRowResponse): Promise<string> {
  const answer = await runs.getRun({ run: row?.runId ?? '' }, { timeoutMs: 5_000 }).catch(() => undefined);
  return answer?.run?.traceId ?? '';
}

/** Bytes as text where they are text, else as base64. */
function plain({ row, original, ...rest }: GetRowResponse): object {
  const { original: _, key, headers, ...facts } = row ?? { original: undefined, key: undefined, headers: '' };
  return { ...rest, row: { ...facts, key: asText(key), headers: headers === '' ? {} : (JSON.parse(headers) as object) }, original: asText(original) };
}

function asText(bytes: Uint8Array | undefined): object | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  const buffer = Buffer.from(bytes);
  return isUtf8(buffer) ? { text: buffer.toString('utf8') } : { base64: buffer.toString('base64') };
}
