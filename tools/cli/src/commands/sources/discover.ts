import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { compileDefinition, type DefinitionFile, isSqlProblem, problemsError, quoteIdent, resolveEnvironment, WeirError } from '@weir/core';
import { connect, type DiscoveredDataset, type DiscoverSourceResponse } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { printProblems } from '../../definition/check-folder';
import { platformPipelines } from '../../definition/platform-pipelines';
import type { InitFile } from '../../init/write-definition';
import { writeFiles } from '../../init/write-files';
import { action, colour, count, type ExitCode, print, printJson, table } from '../../output';
import { type Discovered, proposedDefinition, proposedName } from '../../source/proposed-definition';
import { cut, printable } from '../../terminal-text';

interface Options {
  readonly connection?: string;
  readonly file?: string;
  readonly topic?: string;
  readonly table?: string;
  readonly path?: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** The service gives a system 20 s. */
const TIMEOUT_MS = 40_000;

const CONNECTIONS_FILE = 'connections.yaml';

export function register(parent: Command): void {
  parent
    .command('discover')
    .argument('[connections]', 'connections.yaml, or the folder that has it; files and topics need none')
    .description('Lists the tables of a database; of one table, a path of an API, objects of a store, files, or a topic, writes a contract, a pipeline and a first model.')
    .option('--connection <name>', 'which of the connections')
    .option('--file <in/{date}.csv>', 'write a pipeline that reads these files, by the first records of the first one')
    .option('--topic <name>', 'write a pipeline that reads this topic of the platform, by its newest records')
    .option('--table <schema.table>', 'write a pipeline that reads this table')
    .option('--path </orders>', 'write a pipeline that reads this path of an API, by the values of its first page')
    .option('--bucket <name>', 'of a store: where the objects of --key are')
    .option('--key <orders/*.ndjson>', 'write a pipeline that reads these objects, by the first records of the first one')
    .option('--out <dir>', 'folder to write; by default one named like what is read')
    .option('--force', 'overwrite files that are there')
    .option('--json', 'what was found, or written, as JSON')
    .addHelpText('after', '\nExamples:\n  weir sources discover --file "in/{date}.ndjson.gz" --out orders\n  weir sources discover --topic clicks\n  weir sources discover shop --connection shop_db\n  weir sources discover shop --connection shop_db --table sales.orders --out orders\n  weir sources discover shop/connections.yaml --connection orders_api --path /orders\n  weir sources discover shop --connection landing --bucket shop-landing --key "orders/{date}.csv.gz"')
    .action(action(discover));
}

async function discover(named: string | undefined, options: Options): Promise<ExitCode> {
  const { connection, file: path, topic } = options;
  if (path !== undefined || topic !== undefined) {
    if (named !== undefined || connection !== undefined || (path !== undefined && topic !== undefined)) throw new WeirError({ code: 'INVALID_VALUE', place: path === undefined ? '--topic' : '--file', message: 'Files and topics have no connection, and are asked for one at a time.', fix: 'Give --file or --topic alone, or a connection.' });
    const { type, datasets } = await ask(undefined, options);
    await write({ connection: undefined, type, bucket: '', dataset: only(datasets, path ?? topic ?? '') }, undefined, options);
    return 0;
  }
  if (named === undefined || connection === undefined) throw new WeirError({ code: 'MISSING_KEY', place: named ?? 'weir sources discover', message: 'Nothing says what is to be discovered.', fix: 'Give connections.yaml and --connection, or --file, or --topic.' });
  return discoverConnection(named, connection, options);
}

async function discoverConnection(named: string, connection: string, options: Options): Promise<ExitCode> {
  const file = await readConnections(named);
  const resolved = resolveEnvironment([file], process.env);
  if ('problems' in resolved) {
    printProblems(resolved.problems, options.json === true);
    return 2;
  }
  const answer = await ask(resolved.files[0], options);
  const wanted = options.table ?? options.path ?? options.key;
  if (wanted === undefined) list(named, connection, answer, options);
  else await write({ connection, type: answer.type, bucket: options.bucket ?? '', dataset: only(answer.datasets, wanted, connection) }, file, options);
  return 0;
}

function only([dataset]: readonly DiscoveredDataset[], wanted: string, connection?: string): DiscoveredDataset {
  if (dataset) return dataset;
  throw new WeirError({ code: 'SOURCE_REFUSED', message: `${connection ?? 'The service'} may not read ${wanted}.`, place: connection ?? wanted, fix: 'Let its user select from it.' });
}

async function readConnections(named: string): Promise<DefinitionFile> {
  const folder = (await stat(named).catch(() => undefined))?.isDirectory() === true;
  const path = folder ? join(named, CONNECTIONS_FILE) : named;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new WeirError({ code: 'MISSING_FILE', message: `${path} cannot be read.`, place: path, fix: 'Write it with the connection: docs/sources.md says how.' }, { cause: error });
  });
  return { path, text };
}

async function ask(connections: DefinitionFile | undefined, { connection = '', table: wanted = '', path = '', bucket = '', key = '', file, topic = '' }: Options): Promise<DiscoverSourceResponse> {
  const { services } = await platformState();
  const clients = connect(services);
  try {
    return await clients.ingest.discoverSource({ connections, connection, table: wanted, path, bucket, key, file: file === undefined ? '' : resolve(file), topic }, { timeoutMs: TIMEOUT_MS });
  } finally {
    clients.close();
  }
}

function list(named: string, connection: string, { type, datasets, more }: DiscoverSourceResponse, { json }: Options): void {
  if (json) {
    printJson({ connection, type, datasets, more });
    return;
  }
  const rows = datasets.map(({ name, kind, columns, key, rows: of }) => [colour.name(printable(name)), kind, count(columns.length), printable(cut(key.join(', '), 40)), of === undefined ? colour.faint('unknown') : count(of)]);
  print(
    ...(rows.length === 0 ? [`  ${connection} has no table that its user may read.`] : [table([{ title: 'table' }, { title: 'kind' }, { title: 'columns', align: 'right' }, { title: 'key' }, { title: 'rows, about', align: 'right' }], rows)]),
    ...(more ? ['', '  There are more; name one of them.'] : []),
    ...(rows.length === 0 ? [] : ['', `  ${colour.faint(`weir sources discover ${named} --connection ${connection} --table <table> writes a pipeline that reads one.`)}`]),
  );
}

async function write(found: Discovered, connections: DefinitionFile | undefined, { out, force, json }: Options): Promise<void> {
  const name = proposedName(found.dataset);
  const folder = out ?? name;
  const definition = proposedDefinition(inFolder(found, folder), name, await sqlName(name));
  const copied = connections ? [{ path: CONNECTIONS_FILE, text: connections.text }] : [];
  // Where connections.yaml is the folder's own, it stays.
  const own = connections && basename(connections.path) === CONNECTIONS_FILE && resolve(dirname(connections.path)) === resolve(folder);
  const files: InitFile[] = [...definition, ...(own ? [] : copied)];
  await assertChecks([...definition, ...copied], folder, found.dataset.name);
  await writeFiles(folder, files, force === true);
  const paths = files.map(({ path }) => join(folder, path));
  if (json) {
    printJson({ pipeline: name, folder, files: paths });
    return;
  }
  print(...paths.map((path) => `  ${colour.good('+')} ${path}`), '', '  Next:', `    weir check ${folder}`, `    weir sources test ${folder}`, `    weir apply ${folder}`, `    weir run ${name} --watch`);
}

/** Files are named from the folder of their pipeline on, as `weir init` names them. */
function inFolder(found: Discovered, folder: string): Discovered {
  const { dataset } = found;
  return found.type === 'file' ? { ...found, dataset: { ...dataset, name: relative(resolve(folder), dataset.name).split(sep).join('/') } } : found;
}

/** Not all that a database can call its tables can stand in a definition. Throws what `weir check` would say. */
async function assertChecks(files: readonly DefinitionFile[], folder: string, name: string): Promise<void> {
  const resolved = resolveEnvironment(files, process.env);
  const { inspector } = await import('@weir/engine');
  const pipelines = platformPipelines();
  const outcome = 'problems' in resolved ? resolved : await compileDefinition(resolved.files, resolve(folder), inspector, pipelines).finally(() => pipelines.close());
  if (!('problems' in outcome)) return;
  const { code, message, samples } = problemsError(outcome.problems);
  throw new WeirError({ code, message: `No pipeline can read ${name} yet: ${message}`, place: name, samples, fix: 'Read it through a view whose names are lower-case letters, digits and _.' });
}

/** Some names are words of SQL. */
async function sqlName(name: string): Promise<string> {
  const { inspector } = await import('@weir/engine');
  return isSqlProblem(await inspector.inspect(`select * from bronze.${name}`)) ? quoteIdent(name) : name;
}
