import { WeirError } from '../errors';
import { quoteIdent } from '../sql/quote';
import type { Check } from './check';
import { type MeasureKind, type MeasureOf } from './measure';
import type { MeasureContext, Measurement } from './primitive/primitive';
import { primitiveOf, PRIMITIVES } from './primitives';

/** A check and how SQL measures it. */
export interface CompiledCheck {
  readonly check: Check;
  readonly measurement: Measurement;
}

/** What one check's SQL found; undefined where it gives no such number. */
export interface Found {
  /** null: there is nothing to measure. */
  readonly number: number | null;
  /** Rows that were looked at; those with the values where the check says so. */
  readonly present?: number | undefined;
  /** All rows. */
  readonly total?: number | undefined;
  readonly text?: string | null | undefined;
}

/** SQL for a check. Throws INVALID_VALUE for a measure that this version does not know: a definition of an older one. */
export function compileCheck<Kind extends MeasureKind>(check: Check & { readonly measure: MeasureOf<Kind> }, context: MeasureContext): CompiledCheck {
  const { measure } = check;
  if (!Object.hasOwn(PRIMITIVES, measure.kind)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${String(measure.kind)}\` is not a measure that this version knows: apply the pipeline again.` });
  return { check, measurement: primitiveOf<Kind>(measure).measure(measure, context) };
}

/** Whether the check counts rows one by one, so that parts of a dataset can be measured apart and summed, as micro-batches are. */
export function sumsOverRows({ measure }: Check): boolean {
  return measure.kind !== 'reference' && Object.hasOwn(PRIMITIVES, measure.kind) && ROW_KINDS.has(measure.kind);
}

const ROW_KINDS: ReadonlySet<MeasureKind> = new Set(['nullShare', 'range', 'set', 'pattern', 'length', 'type', 'pair', 'row']);

/** One SELECT that measures checks by rows and by aggregates in one scan: `total` rows, and for the check n what foundTogether reads. Numbers come as DOUBLE. */
export function measureTogether(checks: readonly CompiledCheck[], relation: string): string {
  const numbers = checks.flatMap(({ measurement }, n) => {
    if (measurement.by === 'rows') return [`(count(*) filter (where ${measurement.failing}))::DOUBLE as c${n}`, ...(measurement.present === undefined ? [] : [`(count(*) filter (where ${measurement.present}))::DOUBLE as p${n}`])];
    if (measurement.by === 'aggregate') return [`(${measurement.number})::DOUBLE as c${n}`, ...(measurement.text === undefined ? [] : [`(${measurement.text})::VARCHAR as t${n}`])];
    return [];
  });
  return `select ${['count(*)::DOUBLE as total', ...numbers].join(', ')} from ${relation}`;
}

/** What the row of measureTogether says about check n. */
export function foundTogether(row: Readonly<Record<string, unknown>>, n: number): Found {
  const number = (name: string): number | undefined => (typeof row[name] === 'number' ? row[name] : undefined);
  const text = row[`t${n}`];
  return { number: number(`c${n}`) ?? null, present: number(`p${n}`) ?? number('total'), total: number('total'), text: typeof text === 'string' ? text : undefined };
}

/** One SELECT over groups of equal values for checks that share them: c0, c1, … and `present` rows in groups; with `total` all rows too. */
export function measureGroups(checks: readonly CompiledCheck[], relation: string, total: boolean): string {
  const [first] = checks.flatMap(({ measurement }) => (measurement.by === 'groups' ? [measurement] : []));
  const numbers = checks.map(({ measurement }, n) => `(${measurement.by === 'groups' ? measurement.number : 'null'})::DOUBLE as c${n}`);
  const all = total ? [`(select count(*) from ${relation})::DOUBLE as total`] : [];
  return `select ${['coalesce(sum(n), 0)::DOUBLE as p', ...numbers, ...all].join(', ')} from (select count(*) as n from ${relation} where ${first?.present ?? 'true'} group by ${columnList(first?.columns ?? [])})`;
}

/** What the row of measureGroups says about check n. */
export function foundGroups(row: Readonly<Record<string, unknown>>, n: number): Found {
  return { ...foundTogether(row, n), present: typeof row['p'] === 'number' ? row['p'] : undefined };
}

/** Checks by groups that one SELECT measures together, in the order of the first of each. */
export function groupsOf(checks: readonly CompiledCheck[]): CompiledCheck[][] {
  const shared = new Map<string, CompiledCheck[]>();
  for (const one of checks) {
    if (one.measurement.by !== 'groups') continue;
    const key = JSON.stringify([one.measurement.columns.toSorted(), one.measurement.present]);
    shared.set(key, [...(shared.get(key) ?? []), one]);
  }
  return [...shared.values()];
}

/** How samples name rows. */
export interface RowNames {
  /** Columns of the key; without a key the place is enough. */
  readonly key: readonly string[];
  /** SQL text of the place of a row, such as its position. */
  readonly place: string;
}

/** One SELECT of `sample`, five at most: keys or places of rows that made a check fail; undefined where a check looks at no single rows. */
export function samplesSql({ measurement }: CompiledCheck, relation: string, { key, place }: RowNames): string | undefined {
  if (measurement.by === 'rows') {
    const shown = key.length === 0 ? place : `concat(${keySql(key)}, ' at ', ${place})`;
    return `select left(${shown}, ${SAMPLE_LENGTH}) as sample from ${relation} where ${measurement.failing} limit ${SAMPLES}`;
  }
  if (measurement.by !== 'groups' || measurement.number === 'count(*)') return undefined;
  const { columns, present } = measurement;
  const shown = `left(concat(${keySql(columns)}, ' occurs ', count(*), ' times, first at ', min(${place})), ${SAMPLE_LENGTH}) as sample`;
  return `select ${shown} from ${relation} where ${present} group by ${columnList(columns)} having count(*) > 1 order by count(*) desc, sample limit ${SAMPLES}`;
}

/** SQL that shows the values of key columns, such as `(536365, 2)`. Values are cut, so that the last of them is seen too. */
function keySql(columns: readonly string[]): string {
  return `concat('(', ${columns.map((column) => `coalesce(left(${quoteIdent(column)}::VARCHAR, ${Math.max(10, Math.floor(80 / columns.length))}), 'null')`).join(`, ', ', `)}, ')')`;
}

const SAMPLES = 5;
const SAMPLE_LENGTH = 100;

function columnList(columns: readonly string[]): string {
  return columns.map(quoteIdent).join(', ');
}
