import { qualifiedName } from '../plan/dataset-shape';
import type { Definition, Model } from './definition';
import { type ColumnRead, type SqlInspector, isSqlProblem } from './sql-inspector';

/** A definition, and the version under which it is stored; undefined for one that is not. */
export interface VersionedDefinition {
  readonly definition: Definition;
  readonly version?: number | undefined;
}

/** A model that reads a column, itself or through what other models make of it. */
export interface ColumnReader {
  readonly pipeline: string;
  /** Of the definition that has the model; undefined for one that is not stored. */
  readonly version?: number | undefined;
  /** Such as `gold.revenue`. */
  readonly model: string;
  /** file:line:column below the definition folder. */
  readonly place: string;
  /** What it reads there, as its SQL calls it: `bronze.orders.amount`, or `shop.lines.amount` of another pipeline. */
  readonly column: string;
  /** False where the SQL alone does not say that this column is meant. */
  readonly certain: boolean;
  /** Whether it is of another pipeline and reads what the definition that is not stored does not give any more. */
  readonly lost: boolean;
}

/** Most readers that are named of one column. */
const MAX_READERS = 200;

/** A column on its way: of a dataset, qualified within its pipeline. */
interface Passed {
  readonly pipeline: string;
  readonly dataset: string;
  readonly column: string;
  readonly certain: boolean;
}

/** Who reads which column, over the models of many pipelines. Each model is parsed once, when it is first asked about. */
export class ColumnReaders {
  private readonly parsed = new Map<Model, Promise<readonly ColumnRead[]>>();

  /** `definitions`: those that are stored, and one that is not yet; of two of one pipeline the models of both count. */
  constructor(
    private readonly definitions: readonly VersionedDefinition[],
    private readonly sql: SqlInspector,
  ) {}

  /** The readers of a column of a dataset such as `bronze.orders`, nearest first, each model of a pipeline once; a definition that is not stored goes before the one that is. */
  async of(pipeline: string, dataset: string, column: string): Promise<ColumnReader[]> {
    const readers = new Map<string, ColumnReader>();
    const seen = new Set<string>();
    const open: Passed[] = [{ pipeline, dataset, column, certain: true }];
    for (let passed = open.shift(); passed && readers.size < MAX_READERS; passed = open.shift()) {
      const key = JSON.stringify([passed.pipeline, passed.dataset, passed.column, passed.certain]);
      if (seen.has(key)) continue;
      seen.add(key);
      for (const { reader, further } of await this.direct(passed)) {
        const name = `${reader.pipeline} ${reader.model}`;
        const known = readers.get(name);
        if (!known || (known.version !== undefined && reader.version === undefined)) readers.set(name, reader);
        open.push(...further);
      }
    }
    return [...readers.values()];
  }

  private async direct(passed: Passed): Promise<{ reader: ColumnReader; further: Passed[] }[]> {
    const found: { reader: ColumnReader; further: Passed[] }[] = [];
    for (const { definition, version } of this.definitions) {
      const { name: pipeline } = definition;
      const reference = pipeline === passed.pipeline ? passed.dataset : definition.upstream.find((upstream) => upstream.pipeline === passed.pipeline && upstream.dataset === passed.dataset)?.reference;
      for (const model of reference === undefined ? [] : definition.models.filter(({ inputs }) => inputs.includes(reference))) {
        const read = (await this.readsOf(definition, model)).find((one) => one.input === reference && one.name.toLowerCase() === passed.column);
        if (!read) continue;
        const certain = passed.certain && read.certain;
        const dataset = `${model.zone}.${model.name}`;
        const reader: ColumnReader = { pipeline, version, model: dataset, place: `${model.file}:${read.line}:${read.column}`, column: `${reference}.${passed.column}`, certain, lost: pipeline !== passed.pipeline && this.isGone(passed) };
        found.push({ reader, further: read.outputs.map((column) => ({ pipeline, dataset, column, certain })) });
      }
    }
    return found;
  }

  private isGone({ pipeline, dataset, column }: Passed): boolean {
    const given = this.definitions.find(({ definition, version }) => version === undefined && definition.name === pipeline);
    const model = given?.definition.models.find((each) => qualifiedName(each) === dataset);
    return given !== undefined && !model?.columns.some(({ name }) => name.toLowerCase() === column);
  }

  /** What was compiled parses; should a newer engine refuse it, nothing is known of it. */
  private readsOf(definition: Definition, model: Model): Promise<readonly ColumnRead[]> {
    const known = this.parsed.get(model) ?? this.sql.reads(model.sql, inputColumns(definition, model)).then((reads) => (isSqlProblem(reads) ? [] : reads));
    this.parsed.set(model, known);
    return known;
  }
}

function inputColumns({ contract, source, models, upstream }: Definition, { inputs }: Model): ReadonlyMap<string, readonly string[]> {
  const known = new Map([
    ...contract.datasets.filter(({ name }) => name === source.dataset).map(({ name, columns }) => [`bronze.${name}`, columns] as const),
    ...models.map((model) => [qualifiedName(model), model.columns] as const),
    ...upstream.map(({ reference, columns }) => [reference, columns] as const),
  ]);
  return new Map(inputs.map((input) => [input, (known.get(input) ?? []).map(({ name }) => name)]));
}
