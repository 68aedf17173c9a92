import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { WeirError, grainMs, nameFault, parseInstant } from '@weir/core';
import type { Command } from 'commander';
import { helloExample } from '../init/hello-example';
import { plainDatasetName } from '../init/plain-name';
import { type CsvProfile, profileCsv } from '../init/profile-csv';
import { type InitFile, definitionOf } from '../init/write-definition';
import { writeFiles } from '../init/write-files';
import { action, colour, count, print, printJson } from '../output';

interface Options {
  readonly from?: string;
  readonly name?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('init')
    .argument('[dir]', 'folder to write; by default one named like the pipeline')
    .description('Writes a pipeline: the hello example, or one for your CSV file.')
    .option('--from <file.csv>', 'derive contract, pipeline and a first model from this file')
    .option('--name <name>', 'name of the pipeline')
    .option('--force', 'overwrite files that are there')
    .option('--json', 'what was written as JSON')
    .addHelpText('after', '\nExamples:\n  weir init\n  weir init shop --from orders.csv')
    .action(action(init));
}

async function init(dir: string | undefined, options: Options): Promise<void> {
  const plan = options.from === undefined ? await planHello(dir, options.name) : await planFrom(options.from, dir, options.name);
  await writeFiles(plan.folder, plan.files, options.force === true);
  const files = plan.files.map((file) => join(plan.folder, file.path));
  if (options.json) {
    printJson({ pipeline: plan.name, folder: plan.folder, files });
    return;
  }
  for (const file of files) print(`  ${colour.good('+')} ${file}`);
  for (const note of plan.notes) print(`  ${colour.faint(note)}`);
  const tests = plan.files.some(({ path }) => path.startsWith('tests/')) ? [`    weir test ${plan.folder}`] : [];
  print('', '  Next:', `    weir check ${plan.folder}`, ...tests, '    weir up --detach', `    weir apply ${plan.folder}`, `    ${plan.run}`);
}

interface Plan {
  readonly name: string;
  readonly folder: string;
  readonly files: readonly InitFile[];
  readonly notes: readonly string[];
  /** The command that runs the pipeline. */
  readonly run: string;
}

async function planHello(dir: string | undefined, given: string | undefined): Promise<Plan> {
  const name = validName(given ?? (dir === undefined ? 'hello' : plainDatasetName(basename(resolve(dir)), 'hello')));
  return { name, folder: dir ?? name, files: await helloExample(name), notes: [], run: `weir run ${name} --watch` };
}

const DAY = /\d{4}-\d{2}-\d{2}/;

/** Formats that `weir sources discover` reads. */
const NO_CSV = /\.(?:ndjson|jsonl|json|parquet|[a-z]+\.(?:gz|zst))$/i;

async function planFrom(file: string, dir: string | undefined, given: string | undefined): Promise<Plan> {
  if (NO_CSV.test(file)) throw new WeirError({ code: 'INVALID_VALUE', place: file, message: `${file} is no plain CSV file, by its name.`, fix: `Write \`weir sources discover --file ${file}\`, which reads JSON, Parquet and compressed files.` });
  const profile = await profileCsv(file);
  const stem = basename(file, extname(file));
  const day = DAY.exec(stem)?.[0];
  // Files named after days are one file per day, and named after nothing else: their folder says what they are.
  const dataset = plainDatasetName(stem.replace(DAY, ''), plainDatasetName(basename(dirname(resolve(file))), 'rows'));
  const name = validName(given ?? (dir === undefined ? dataset : plainDatasetName(basename(resolve(dir)), dataset)));
  const folder = dir ?? name;
  const path = relative(resolve(folder), resolve(file)).split(sep).join('/');
  if (/[*?{}]/.test(path)) throw new WeirError({ code: 'INVALID_VALUE', place: file, message: `The path ${path} has a character that stands for others in paths.`, fix: 'Rename the file or its folder: no * ? { }.' });
  const source = join(dirname(path), basename(path).replace(DAY, '{date}'));
  const run = day === undefined ? `weir run ${name} --watch` : `weir run ${name} --interval ${day}/${dayAfter(day)} --watch`;
  return { name, folder, files: definitionOf({ name, dataset, source }, profile), notes: notesOf(profile), run };
}

function dayAfter(day: string): string {
  return new Date(Date.parse(parseInstant(day)) + grainMs('1d')).toISOString().slice(0, 10);
}

/** Words that YAML, or an older YAML, reads as something else than text. */
const YAML_WORDS = /^(?:true|false|null|y|n|yes|no|on|off)$/;

function validName(name: string): string {
  const zone = plainDatasetName(name, name) !== name;
  const fault = nameFault(name) ?? (zone || YAML_WORDS.test(name) ? { message: zone ? 'is the name of a zone.' : 'is not a text to YAML.', fix: 'Choose another name.' } : undefined);
  if (fault) throw new WeirError({ code: 'INVALID_VALUE', place: '--name', message: `\`${name}\` ${fault.message}`, fix: fault.fix });
  return name;
}

function notesOf({ rows, sampled, columns }: CsvProfile): string[] {
  const dates = columns.filter((column) => column.format !== undefined && /dd\/MM|MM\/dd/.test(column.format));
  const misfits = columns.filter((column) => column.misfits > 0);
  return [
    `from ${sampled ? 'the first ' : ''}${count(rows)} rows, ${columns.length} columns`,
    ...dates.map((column) => `check that ${column.name} is ${column.format}`),
    ...misfits.map(({ name, kind, misfits: number }) => `${count(number)} of the values of ${name} ${number === 1 ? 'is' : 'are'} not of type ${kind}: their rows go to quarantine`),
  ];
}
