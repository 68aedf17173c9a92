import { qualifiedName, WeirError, type Column, type Definition, type KnownRules, type Model } from '@weir/core';

/** A dataset that checks are suggested for. */
export interface SuggestSubject {
  /** Qualified. */
  readonly dataset: string;
  readonly columns: readonly Column[];
  readonly known: KnownRules;
  /** Whether runs drop copies of its rows, and losers of a key. */
  readonly deduped: boolean;
  /** The column that says when a row happened, where rows belong to grains and a run judges their age by the end of its grain. */
  readonly time?: string | undefined;
}

/** The dataset of a pipeline by its name, qualified or not; the source's for ''. Throws UNKNOWN_DATASET. */
export function subjectOf(definition: Definition, name: string): SuggestSubject {
  const { source, contract, models } = definition;
  const bronze = `bronze.${source.dataset}`;
  const is = (qualified: string): boolean => name === qualified || name === qualified.slice(qualified.indexOf('.') + 1);
  if (name === '' || is(bronze)) return sourceSubject(definition, bronze);
  const model = models.find((each) => is(qualifiedName(each)));
  if (!model) throw new WeirError({ code: 'UNKNOWN_DATASET', place: name, message: `The pipeline ${definition.name} has no dataset \`${name}\`.`, fix: `Use one of ${[bronze, ...models.map(qualifiedName)].join(', ')}.` });
  return modelSubject(definition, model, contract.datasets.find((each) => each.name === model.name));
}

function sourceSubject(definition: Definition, dataset: string): SuggestSubject {
  const contract = definition.contract.datasets.find(({ name }) => name === definition.source.dataset);
  if (!contract) throw new WeirError({ code: 'INTERNAL', message: `The contract of ${definition.name} lacks its source.` });
  const { columns, checks, rules, order } = contract;
  const required = columns.filter((column) => column.required).map(({ name }) => name);
  const key = columns.filter(({ keyPosition }) => keyPosition !== undefined).map(({ name }) => name);
  const time = timeOf(definition, columns, order.by === 'sequence' ? order.column : undefined);
  return { dataset, columns: columns.map(({ name, type }) => ({ name, type })), known: { required, key, checks, rules }, deduped: true, time };
}

function modelSubject(definition: Definition, model: Model, contract: Definition['contract']['datasets'][number] | undefined): SuggestSubject {
  const { columns, key, scope, sequence } = model;
  const known = { required: key, key, checks: contract?.checks ?? [], rules: [] };
  return { dataset: qualifiedName(model), columns, known, deduped: false, time: scope === 'history' ? undefined : timeOf(definition, columns, sequence) };
}

/** The sequence where it is a time, else the only time there is. Rows of a stream's archive are judged by the clock, which says nothing of them. */
function timeOf({ grain, mode }: Definition, columns: readonly Column[], sequence: string | undefined): string | undefined {
  if (grain === undefined || mode === 'realtime') return undefined;
  const times = columns.filter(({ type }) => type === 'DATE' || type === 'TIMESTAMP').map(({ name }) => name);
  return sequence !== undefined && times.includes(sequence) ? sequence : times.length === 1 ? times[0] : undefined;
}
