import { isWeirError } from '@weir/core';
import { type PreviewModelRequest, type PreviewModelResponse, connect } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { type CheckedFolder, checkFolder, errorBelow, printProblems } from '../definition/check-folder';
import { parseLimit } from '../limit';
import { intervalEnds } from '../interval-option';
import { type ExitCode, action, colour, count, print, printJson, table } from '../output';
import { cut, printable } from '../terminal-text';

interface Options {
  readonly pipeline?: string;
  readonly limit: string;
  readonly interval?: string;
  readonly json?: boolean;
}

/** The service gives a preview 20 s, and compiles the files before. */
const TIMEOUT_MS = 60_000;

/** Most characters of a value in the table; `--json` has all of them. */
const MAX_CHARACTERS = 60;

export function register(program: Command): void {
  program
    .command('preview')
    .argument('<model>', 'such as gold.revenue')
    .argument('[dir]', 'folder with pipeline.yaml, applied or not', '.')
    .description('Shows the newest rows of a model as the files give them over what is published of its inputs; writes nothing.')
    .option('--pipeline <name>', 'the applied version of this pipeline instead of files')
    .option('--limit <n>', 'how many rows, at most 1,000', '20')
    .option('--interval <start/end>', 'the rows of these grains instead of the newest')
    .option('--json', 'rows as JSON, every value exact as text')
    .addHelpText('after', '\nExamples:\n  weir preview gold.revenue_by_day_country examples/retail\n  weir preview silver.lines examples/retail --interval 2010-12-01/2010-12-02 --limit 5\n  weir preview gold.revenue_by_country --pipeline hello')
    .action(action(preview));
}

async function preview(model: string, folder: string, options: Options): Promise<ExitCode> {
  const json = options.json === true;
  const wanted = { model, limit: parseLimit(options.limit), interval: intervalEnds(options.interval) };
  const checked = options.pipeline === undefined ? await checkFolder(folder, process.env) : undefined;
  if (checked && 'problems' in checked) {
    printProblems(checked.problems, json);
    return 2;
  }
  const platform = await platformState();
  const clients = connect(platform.services);
  try {
    const request = { ...sourceOf(checked, options.pipeline), ...wanted };
    const answer = await clients.transform.previewModel(request, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => throwBelow(checked && folder, error));
    if (json) printJson(answerJson(answer));
    else print(...answerLines(answer));
    return 0;
  } finally {
    clients.close();
  }
}

function sourceOf(checked: CheckedFolder | undefined, pipeline = ''): Pick<PreviewModelRequest, 'pipeline' | 'files' | 'root'> {
  return checked ? { pipeline: '', files: [...checked.files], root: checked.root } : { pipeline, files: [], root: '' };
}

/** The service knows the grain, and checks the rest. */
function throwBelow(folder: string | undefined, error: unknown): never {
  if (folder === undefined || !isWeirError(error) || error.place?.startsWith('models/') !== true) throw error;
  throw errorBelow(folder, error, error.place);
}

/** Each row's values as text, in the order of the columns. */
function valuesOf({ rows }: PreviewModelResponse): (string | null)[][] {
  if (!rows || rows.rows === 0) return [];
  const lines = Buffer.from(rows.data.buffer, rows.data.byteOffset, rows.data.length).toString().split('\n');
  return lines.map((line) => JSON.parse(line) as (string | null)[]);
}

function answerJson(answer: PreviewModelResponse): unknown {
  const { pipeline, definitionVersion, columns, more, rowsRead, partitions, inputs, rows } = answer;
  const objects = valuesOf(answer).map((values) => Object.fromEntries(columns.map(({ name }, at) => [name, values[at] ?? null])));
  return { pipeline, model: rows?.dataset, definitionVersion: definitionVersion === 0 ? null : definitionVersion, columns, rows: objects, more, rowsRead, partitions, inputs };
}

function answerLines(answer: PreviewModelResponse): string[] {
  const { columns, more, rowsRead, partitions, inputs, definitionVersion, pipeline } = answer;
  const rows = valuesOf(answer);
  const titles = columns.map(({ name, type }) => ({ title: `${name} ${type}`, align: /^(?:BIGINT|DOUBLE|DECIMAL)/.test(type) ? ('right' as const) : ('left' as const) }));
  const read = inputs.map(({ pipeline: of, dataset, snapshot }) => `${of === pipeline ? '' : `${of}: `}${dataset} at snapshot ${snapshot}`).join(', ');
  const over = partitions.length === 0 || partitions[0] === 'all' ? '' : ` of ${partitions.length === 1 ? partitions[0] : `${count(partitions.length)} partitions from ${partitions.at(-1)} to ${partitions[0]}`}`;
  const found = rows.length === 0 ? 'No rows' : `${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}${more ? ', and there are more' : ''}`;
  return [
    ...(rows.length === 0 ? [] : [table(titles, rows.map((values) => values.map(cellText))), '']),
    `  ${colour.strong(found)}, made by ${definitionVersion === 0 ? 'the files' : `version ${definitionVersion}`} of ${count(rowsRead)} rows${over}.`,
    `  ${colour.faint(`read ${read}`)}`,
  ];
}

function cellText(value: string | null): string {
  if (value === null) return colour.faint('null');
  return cut(printable(value.replaceAll('\n', '\\n')), MAX_CHARACTERS);
}
