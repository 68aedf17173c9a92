import type { ContractDataset } from '../contract/contract';
import { driftPolicies } from '../contract/drift';
import type { Definition, Model, Upstream } from './definition';

/**
 * The parts of a definition that make published partitions stale when `after` replaces `before`: "grain", "source", "contract", "model silver.lines", "upstream shop.customers".
 * Only what changes rows counts: destinations, policy, schedule, retention, approval, checks and descriptions do not, nor do history models, which a refresh rebuilds.
 */
export function staleParts(before: Definition, after: Definition): string[] {
  const parts: string[] = [];
  const compare = (part: string, old: unknown, value: unknown) => {
    if (JSON.stringify(old) !== JSON.stringify(value)) parts.push(part);
  };
  compare('grain', before.grain, after.grain);
  compare('source', sourceFacts(before), sourceFacts(after));
  compare('contract', contractFacts(before), contractFacts(after));
  const models = partitionModels(after);
  for (const [name, model] of models) compare(`model ${name}`, modelFacts(partitionModels(before).get(name)), modelFacts(model));
  const read = new Set([...models.values()].flatMap((model) => model.inputs));
  for (const upstream of after.upstream.filter(({ reference }) => read.has(reference))) {
    // A reference that was not there before stands in SQL that was not there before.
    const old = before.upstream.find(({ reference }) => reference === upstream.reference);
    if (old) compare(`upstream ${upstream.reference}`, upstreamFacts(old), upstreamFacts(upstream));
  }
  return parts;
}

function sourceFacts({ source }: Definition): unknown {
  switch (source.type) {
    case 'kafka': {
      const { start: _start, ...facts } = source;
      return facts;
    }
    case 'file':
    case 's3': {
      const { empty: _empty, ...facts } = source;
      // What was taken stays, wherever new files are looked for.
      return source.track ? { ...facts, path: '' } : facts;
    }
    default:
      return source;
  }
}

function contractFacts({ contract, source }: Definition): unknown {
  const dataset = contract.datasets.find(({ name }) => name === source.dataset);
  return dataset && { columns: dataset.columns.map(columnFacts), rules: ruleFacts(dataset), order: orderFacts(dataset), deletes: dataset.deletes, drift: driftPolicies(dataset) };
}

function columnFacts({ name, physicalName, type, required, keyPosition, format, default: value }: ContractDataset['columns'][number]): unknown {
  return { name, physicalName, type, required, keyPosition, format, default: value };
}

/** Rules below critical count rows and leave them; the order of rules decides nothing. */
function ruleFacts({ rules }: ContractDataset): unknown {
  return rules.filter(({ severity }) => severity === 'critical').map(({ predicate }) => predicate).sort();
}

function orderFacts({ columns, order }: ContractDataset): unknown {
  if (columns.every(({ keyPosition }) => keyPosition === undefined)) return undefined;
  return order.by === 'sequence' ? { by: order.by, column: order.column } : { by: order.by };
}

function partitionModels({ models }: Definition): ReadonlyMap<string, Model> {
  return new Map(models.filter(({ scope }) => scope !== 'history').map((model) => [`${model.zone}.${model.name}`, model]));
}

function modelFacts(model: Model | undefined): unknown {
  if (!model) return undefined;
  const { sql, scope, key, sequence, columns } = model;
  return { sql: sql.trim(), scope, key, sequence, columns: columns.map(({ name, type }) => ({ name, type })) };
}

function upstreamFacts({ pipeline, dataset, byInterval }: Upstream): unknown {
  return { pipeline, dataset, byInterval };
}
