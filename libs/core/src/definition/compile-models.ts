import { columnTypeOf } from '../contract/column-type';
import { type SqlPlace, findReference } from '../sql/find-reference';
import { listed, suggest } from '../suggest';
import type { YamlText } from '../yaml/yaml-text';
import type { AppliedPipelines } from './applied-pipelines';
import type { Column, Definition, Model, ModelScope, Upstream } from './definition';
import { type UpstreamOutcome, findUpstream, isForeign } from './find-upstream';
import { orderModels } from './model-order';
import { ROW_COLUMNS, nameFault } from './names';
import type { Problem } from './problem';
import type { ModelText } from './read-models';
import { type DescribedColumn, type SqlInspector, type SqlModel, isSqlProblem } from './sql-inspector';

/** What models may read besides each other. */
export interface ModelSurroundings {
  /** `bronze.orders`; undefined while the pipeline or its contract cannot be read, and then no model is bound. */
  readonly source: { readonly qualified: string; readonly columns: readonly Column[]; readonly sequence?: string | undefined } | undefined;
  /** Whose models they are. */
  readonly pipeline: Pick<Definition, 'name' | 'grain'> | undefined;
  /** pipeline.yaml, for places of settings. */
  readonly yaml: YamlText | undefined;
  readonly sql: SqlInspector;
  readonly applied: AppliedPipelines;
}

/** What one model can read: all that was compiled before it, and datasets of other pipelines. */
interface Readable {
  readonly before: ReadonlyMap<string, Model>;
  readonly upstream: ReadonlyMap<string, Upstream>;
}

interface InspectedModel extends ModelText, Pick<SqlModel, 'inputs' | 'rowShaped' | 'warnings'> {}

/** Most columns of a table in Postgres. */
const MAX_COLUMNS = 1_600;

/** What came of all models. */
export interface CompiledModels {
  readonly models: Model[];
  /** What they read of other pipelines, by reference. */
  readonly upstream: Upstream[];
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** Compiles all models: parse, inputs, order, scope, output columns, keys. Goes on past every problem that leaves the rest checkable. */
export async function compileModels(texts: readonly ModelText[], around: ModelSurroundings): Promise<CompiledModels> {
  const problems: Problem[] = [];
  const inspected: InspectedModel[] = [];
  for (const text of texts) {
    const result = await around.sql.inspect(text.sql);
    if (isSqlProblem(result)) problems.push({ code: result.code, message: result.message, place: placeIn(text, result) });
    else inspected.push({ ...text, ...result });
  }
  const known = around.source ? [around.source.qualified, ...texts.map((text) => text.qualified)] : [];
  const foreign = await foreignInputs(inspected, known, around);
  const readable = inspected.filter((model) => {
    const unknown = around.source ? [...unknownInputs(model, known), ...foreignProblems(model, foreign)] : [];
    problems.push(...unknown);
    return unknown.length === 0;
  });
  const { ordered, circles } = orderModels(readable);
  problems.push(...circles.map((circle) => circleProblem(circle, readable)));
  const upstream = new Map([...foreign].flatMap(([reference, outcome]) => ('code' in outcome ? [] : [[reference, outcome] as const])));
  const compiled = new Map<string, Model>();
  for (const model of around.source ? ordered : []) {
    const outcome = await compileModel(model, { before: compiled, upstream }, around);
    problems.push(...outcome.problems);
    if (outcome.model) compiled.set(model.qualified, outcome.model);
  }
  const models = [...compiled.values()];
  const warnings = inspected.flatMap((model) => model.warnings.map((warning) => `${model.file}: ${warning}`));
  const read = [...upstream.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
  return { models, upstream: read, problems, warnings: [...warnings, ...models.flatMap(floatSumWarnings)] };
}

/** What the models name of other pipelines. */
function foreignInputs(models: readonly InspectedModel[], datasets: readonly string[], { source, pipeline, applied }: ModelSurroundings): Promise<ReadonlyMap<string, UpstreamOutcome>> {
  if (!source || !pipeline) return Promise.resolve(new Map());
  return findUpstream(models.flatMap((model) => model.inputs.filter(isForeign)), { name: pipeline.name, grain: pipeline.grain, datasets, applied });
}

function foreignProblems(model: InspectedModel, foreign: ReadonlyMap<string, UpstreamOutcome>): Problem[] {
  return model.inputs.flatMap((input) => {
    const outcome = foreign.get(input);
    return outcome && 'code' in outcome ? [{ ...outcome, place: placeIn(model, findReference(model.sql, input)) }] : [];
  });
}

function unknownInputs(model: InspectedModel, known: readonly string[]): Problem[] {
  return model.inputs
    .filter((input) => !known.includes(input) && !isForeign(input))
    .map((input) => {
      const others = known.filter((name) => name !== model.qualified);
      // `orders` for `bronze.orders` is the commonest slip, and far from it in letters.
      const bare = others.find((name) => name.split('.')[1] === input.split('.').at(-1));
      return {
        code: 'UNKNOWN_DATASET',
        message: `There is no dataset \`${input}\`.`,
        fix: bare !== undefined ? `did you mean \`${bare}\`?` : suggest(input, others),
        place: placeIn(model, findReference(model.sql, input)),
      };
    });
}

function circleProblem(circle: readonly string[], models: readonly InspectedModel[]): Problem {
  const [first = '', second = ''] = circle;
  const model = models.find((one) => one.qualified === first);
  const message = circle.length === 2 ? `The model \`${first}\` reads itself.` : `Models read each other in a circle: ${circle.join(' → ')}.`;
  return { code: 'MODEL_CYCLE', message, place: model ? placeIn(model, findReference(model.sql, second)) : first };
}

async function compileModel(text: InspectedModel, readable: Readable, around: ModelSurroundings): Promise<{ model?: Model; problems: Problem[] }> {
  const inputs = new Map<string, readonly Column[]>();
  for (const name of text.inputs) {
    const columns = name === around.source?.qualified ? around.source.columns : (readable.before.get(name) ?? readable.upstream.get(name))?.columns;
    // An input that did not compile has a problem of its own; what reads it cannot be bound.
    if (!columns) return { problems: [] };
    // Only where they are named: `select *` gives a model the columns of its input, not those that Weir adds.
    const named = text.rowShaped && !readable.upstream.has(name) ? ROW_COLUMNS.filter((column) => text.sql.includes(column.name)) : [];
    inputs.set(name, [...columns, ...named]);
  }
  const described = await around.sql.describe(text.sql, inputs);
  if (isSqlProblem(described)) return { problems: [{ code: described.code, message: described.message, place: placeIn(text, described) }] };
  const { scope, problems } = scopeOf(text, readable, around.yaml);
  const { columns, problems: columnProblems } = outputColumns(text, described);
  problems.push(...columnProblems);
  problems.push(...settingProblems(text, described.map((column) => column.name), around.yaml), ...versionProblems(text, columns, around.yaml));
  const { name, zone, file, sql, settings } = text;
  const key = settings.key ?? [];
  const sequence = settings.sequence ?? (scope === 'row' && key.length > 0 ? inheritedSequence(columns, around) : undefined);
  const writeMode = settings.writeMode ?? (key.length > 0 ? 'upsert' : 'append');
  const model: Model = { name, zone, file, sql, scope, inputs: text.inputs, key, ...(sequence === undefined ? {} : { sequence }), writeMode, columns };
  return { model, problems };
}

/** The contract's sequence, where the model passes it on under its name: the newest row of a key is then the same in bronze, in the model and in its table. */
function inheritedSequence(columns: readonly Column[], { source }: ModelSurroundings): string | undefined {
  return columns.some(({ name }) => name === source?.sequence) ? source?.sequence : undefined;
}

/** What the model sees: what pipeline.yaml says, else as narrow as its SQL and its inputs allow. */
function scopeOf(text: InspectedModel, { before, upstream }: Readable, yaml: YamlText | undefined): { scope: ModelScope; problems: Problem[] } {
  const models = text.inputs.flatMap((input) => before.get(input) ?? []);
  const foreign = text.inputs.filter((input) => upstream.has(input));
  const overRows = text.rowShaped && foreign.length === 0 && models.every((model) => model.scope === 'row');
  const scope = text.settings.over ?? (overRows ? 'row' : 'interval');
  const problems: Problem[] = [];
  if (scope === 'row' && !overRows) {
    problems.push({ code: 'INVALID_VALUE', message: `The model \`${text.name}\` cannot be over: row: ${notOverRows(text, foreign, models)}.`, fix: 'Use `interval` or `history`.', place: settingPlace(text, 'over', yaml) });
  }
  const history = models.find((model) => model.scope === 'history');
  if (history && scope !== 'history') {
    problems.push({
      code: 'INVALID_VALUE',
      message: `The model \`${text.name}\` reads \`${qualified(history)}\`, which is over: history, so it must be over: history too.`,
      fix: `Set \`over: history\` for ${text.name} under \`models\` in pipeline.yaml.`,
      place: placeIn(text, findReference(text.sql, qualified(history))),
    });
  }
  return { scope, problems };
}

function notOverRows(text: InspectedModel, foreign: readonly string[], models: readonly Model[]): string {
  if (!text.rowShaped) return 'it aggregates, joins, sorts with a limit, or otherwise needs more than one row';
  if (foreign.length > 0) return `it reads ${listed(foreign)} of another pipeline, whose rows do not come with the run`;
  return `it reads ${listed(models.filter((model) => model.scope !== 'row').map(qualified))}, which is not over: row`;
}

function outputColumns(text: ModelText, described: readonly DescribedColumn[]): { columns: Column[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const columns: Column[] = [];
  const report = (message: string, fix: string) => problems.push({ code: 'INVALID_VALUE', message, fix, place: placeIn(text, { line: 1, column: 1 }) });
  if (described.length > MAX_COLUMNS) report(`The model has ${described.length} columns; the most is ${MAX_COLUMNS}.`, 'Select fewer.');
  for (const { name, type } of described) {
    const fault = nameFault(name);
    if (fault) report(`The column \`${name}\` ${fault.message}`, `Name it in the SELECT: … as name. ${fault.fix}`);
    if (columns.some((other) => other.name === name)) report(`The column \`${name}\` is there twice.`, 'Rename one of the two in the SELECT: … as name.');
    const known = columnTypeOf(type);
    if (!known) report(`The column \`${name}\` is ${type}, which tables cannot have.`, castFix(name, type));
    columns.push({ name, type: known ?? 'VARCHAR' });
  }
  return { columns, problems };
}

function castFix(name: string, type: string): string {
  if (type.toUpperCase() === 'TIMESTAMP WITH TIME ZONE') return `Cast it: (${name} at time zone 'UTC') as ${name}.`;
  if (/[[({]|\bSTRUCT\b|\bMAP\b/.test(type)) return `Cast it: to_json(${name})::varchar as ${name}.`;
  return `Cast it, such as: ${name}::varchar as ${name}.`;
}

function settingProblems(text: ModelText, columns: readonly string[], yaml: YamlText | undefined): Problem[] {
  const { key, sequence, writeMode } = text.settings;
  const path = ['models', text.name];
  const at = (...rest: (string | number)[]) => yaml?.place([...path, ...rest]) ?? placeIn(text, { line: 1, column: 1 });
  const missing = (column: string, place: string): Problem[] =>
    columns.includes(column) ? [] : [{ code: 'INVALID_VALUE', message: `\`${column}\` is not a column of ${text.qualified}.`, fix: suggest(column, columns), place }];
  const problems = [...(key ?? []).flatMap((column, index) => missing(column, at('key', index))), ...(sequence === undefined ? [] : missing(sequence, at('sequence')))];
  if (!key && sequence !== undefined) problems.push({ code: 'MISSING_KEY', message: `The model \`${text.name}\` has a sequence but no key.`, fix: 'Add `key`, the columns that identify a row.', place: at('sequence') });
  if (!key && writeMode === 'upsert') problems.push({ code: 'MISSING_KEY', message: `The model \`${text.name}\` is upserted but has no key.`, fix: 'Add `key`, the columns that identify a row.', place: at('writeMode') });
  return problems;
}

/** Columns that a table of versions has besides its model's. */
const VERSION_COLUMNS: ReadonlySet<string> = new Set(['valid_from', 'valid_to', 'is_current']);

/** A table of versions needs a key and a time for each. */
function versionProblems({ settings, name, qualified: model, file }: ModelText & { readonly qualified: string }, columns: readonly Column[], yaml: YamlText | undefined): Problem[] {
  const { writeMode, key, sequence } = settings;
  if (writeMode !== 'scd2') return [];
  const place = yaml?.place(['models', name, 'writeMode']) ?? file;
  const since = columns.find((column) => column.name === sequence);
  const taken = columns.filter((column) => VERSION_COLUMNS.has(column.name));
  return [
    ...(key && sequence !== undefined ? [] : [{ code: 'MISSING_KEY' as const, message: `The model \`${name}\` is to have all versions of its rows, and does not say ${key ? 'since when one holds' : 'what they are versions of'}.`, fix: key ? 'Add `sequence`, the date or time of a change.' : 'Add `key`, the columns that identify a row, and `sequence`, the date or time of a change.', place }]),
    ...(since && since.type !== 'DATE' && since.type !== 'TIMESTAMP' ? [{ code: 'INVALID_VALUE' as const, message: `\`${since.name}\` of ${model} is ${since.type}: versions need a date or a time.`, fix: 'Name a column that is one as `sequence`, or cast it in the SELECT.', place }] : []),
    ...taken.map((column) => ({ code: 'INVALID_VALUE' as const, message: `\`${column.name}\` is a column that a table of versions has anyway.`, fix: 'Rename it in the SELECT: … as name.', place })),
  ];
}

/** Sums of floating numbers depend on the order of the rows, and so on the number of threads. */
function floatSumWarnings(model: Model): string[] {
  if (model.scope === 'row' || !/\bsum\s*\(/i.test(model.sql)) return [];
  return model.columns
    .filter((column) => column.type === 'DOUBLE')
    .map((column) => `${model.file}: \`${column.name}\` is DOUBLE: if it is a sum, its last digits differ from run to run. Sum decimals instead, such as amount::decimal(18,3).`);
}

function settingPlace(text: ModelText, setting: string, yaml: YamlText | undefined): string {
  return yaml?.place(['models', text.name, setting]) ?? placeIn(text, { line: 1, column: 1 });
}

function placeIn(text: Pick<ModelText, 'file'>, { line, column }: SqlPlace): string {
  return `${text.file}:${line}:${column}`;
}

function qualified(model: Model): string {
  return `${model.zone}.${model.name}`;
}
