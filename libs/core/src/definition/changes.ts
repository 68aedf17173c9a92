import { formatThreshold } from '../check/threshold';
import { DEFAULT_COMPATIBILITY } from '../contract/compatibility';
import type { Contract, ContractDataset } from '../contract/contract';
import { DRIFT_KINDS, driftPolicies } from '../contract/drift';
import { grainMs } from '../interval/interval';
import type { Column, Definition, Destination, Model, Schedule, Upstream } from './definition';
import { formatDuration } from './duration';
import { ZONES } from './names';
import { destinationName } from './parse-destinations';
import { CSV_LAYOUT, type Source } from './source';
import { FOREVER } from './defaults';

/** One line of the difference between two definitions; the texts are for people. */
export interface Change {
  readonly kind: 'added' | 'changed' | 'removed';
  /** Such as "model gold.revenue_by_country key" or "source path". */
  readonly subject: string;
  /** Empty when added. */
  readonly before: string;
  /** Empty when removed. */
  readonly after: string;
}

/** What applying `after` changes: things added and removed as a whole, and changed settings one by one. No change, no lines. */
export function describeChanges(before: Definition | undefined, after: Definition): Change[] {
  if (!before) return [{ kind: 'added', subject: `pipeline ${after.name}`, before: '', after: after.description }, ...compareThings(new Map(), thingsOf(after))];
  return [...compareSettings('', settingsOf(before), settingsOf(after)), ...compareThings(thingsOf(before), thingsOf(after))];
}

type Settings = ReadonlyMap<string, string>;

/** A thing that comes and goes as a whole, with what can change in it. */
interface Thing {
  readonly summary: string;
  readonly settings: Settings;
}

function compareThings(before: ReadonlyMap<string, Thing>, after: ReadonlyMap<string, Thing>): Change[] {
  const changes: Change[] = [];
  for (const [name, thing] of after) {
    const old = before.get(name);
    if (old) changes.push(...compareSettings(`${name} `, old.settings, thing.settings));
    else changes.push({ kind: 'added', subject: name, before: '', after: thing.summary });
  }
  for (const [name, thing] of before) {
    if (!after.has(name)) changes.push({ kind: 'removed', subject: name, before: thing.summary, after: '' });
  }
  return changes;
}

function compareSettings(prefix: string, before: Settings, after: Settings): Change[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name): Change[] => {
    const [old, value] = [before.get(name) ?? '', after.get(name) ?? ''];
    return old === value ? [] : [{ kind: 'changed', subject: `${prefix}${name}`, before: old, after: value }];
  });
}

function settingsOf({ description, mode, grain, stream, lookbackGrains, approval, retention, source, policy, contract }: Definition): Settings {
  return new Map([
    ['description', description],
    ['mode', mode],
    ['grain', grain ?? 'none'],
    ['lookback', lookbackGrains > 0 && grain !== undefined ? formatDuration(lookbackGrains * grainMs(grain)) : 'none'],
    ['approval', approval],
    ...ZONES.map((zone): [string, string] => [`retention ${zone}`, retention[zone] === undefined ? FOREVER : formatDuration(retention[zone])]),
    ...(stream ? [['stream consumers', String(stream.consumers)], ['stream refresh', formatDuration(stream.refreshMs)]] as const : []),
    ['source dataset', source.dataset],
    ...sourceSettings(source),
    ['retries', String(policy.retries)],
    ['retryDelay', formatDuration(policy.retryDelayMs)],
    ['executionTimeout', formatDuration(policy.executionTimeoutMs)],
    ['quarantine failAbove', `${Number((policy.failAbove.share * 100).toFixed(6))}%`],
    ['quarantine minRows', String(policy.failAbove.minRows)],
    ['contract', `${contract.id} ${contract.version}`],
  ]);
}

function sourceSettings(source: Source): [string, string][] {
  const { type, dataset: _dataset, ...others } = source;
  const settings: Record<string, unknown> = { ...others };
  if ('layout' in settings) {
    // What is as everywhere is not told, as long as it stays so.
    const { layout, ...rest } = settings;
    return told({ type, ...rest, ...Object.fromEntries(Object.entries(layout as object).filter(([name, value]) => value !== CSV_LAYOUT[name as keyof typeof CSV_LAYOUT])) });
  }
  return told({ type, ...settings });
}

function told(settings: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(settings).map(([name, value]) => [`source ${name}`, typeof value === 'string' ? value : JSON.stringify(value)]);
}

function thingsOf(definition: Definition): Map<string, Thing> {
  const { schedule } = definition;
  return new Map([
    ...(schedule ? [['schedule', scheduleThing(schedule)] as [string, Thing]] : []),
    ...contractThings(definition.contract),
    ...definition.contract.datasets.filter(({ name }) => name === definition.source.dataset).map((dataset): [string, Thing] => [`drift of ${dataset.name}`, driftThing(dataset)]),
    ...definition.upstream.map((upstream): [string, Thing] => [`upstream ${upstream.reference}`, upstreamThing(upstream)]),
    ...definition.models.map((model): [string, Thing] => [`model ${model.zone}.${model.name}`, modelThing(model)]),
    ...definition.destinations.map((destination): [string, Thing] => [`destination ${destinationName(destination)}`, destinationThing(destination)]),
  ]);
}

function destinationThing(destination: Destination): Thing {
  const layout = destination.type === 'postgres' ? {} : { format: destination.format, compression: destination.compression };
  return { summary: [destination.type, ...Object.values(layout)].join(', '), settings: new Map(Object.entries({ type: destination.type, ...layout })) };
}

function scheduleThing({ cron, timezone, startDate, catchup, maxActiveRuns, dependsOnPast, paused }: Schedule): Thing {
  return {
    summary: `${cron} ${timezone}`,
    settings: new Map([
      ['cron', cron],
      ['timezone', timezone],
      ['startDate', startDate ?? ''],
      ['catchup', String(catchup)],
      ['maxActiveRuns', String(maxActiveRuns)],
      ['dependsOnPast', String(dependsOnPast)],
      ['paused', paused ?? ''],
    ]),
  };
}

function upstreamThing({ dataset, byInterval, columns }: Upstream): Thing {
  return { summary: dataset, settings: new Map([['dataset', dataset], ['by interval', String(byInterval)], ['columns', columnsText(columns)]]) };
}

function columnsText(columns: readonly Column[]): string {
  return columns.map((column) => `${column.name} ${column.type}`).join(', ');
}

function modelThing(model: Model): Thing {
  return {
    summary: `over ${model.scope}, ${model.writeMode}${model.key.length > 0 ? `, key ${model.key.join(', ')}` : ''}`,
    settings: new Map([
      ['over', model.scope],
      ['key', model.key.join(', ')],
      ['sequence', model.sequence ?? ''],
      ['writeMode', model.writeMode],
      ['columns', columnsText(model.columns)],
      ['sql', model.sql.trim()],
    ]),
  };
}

function contractThings(contract: Contract): [string, Thing][] {
  return contract.datasets.flatMap(({ name, columns, rules, checks, order, compatibility = DEFAULT_COMPATIBILITY }): [string, Thing][] => [
    ...columns.map((column): [string, Thing] => {
      // A stored definition came through JSON, which drops what is undefined: so must this.
      const settings = Object.entries(column).filter(([key, value]) => key !== 'name' && value !== undefined);
      return [`column ${name}.${column.name}`, { summary: column.type, settings: new Map(settings.map(([key, value]) => [key, String(value)])) }];
    }),
    ...rules.map((rule): [string, Thing] => [`rule ${name}.${rule.id}`, { summary: rule.predicate, settings: new Map([['severity', rule.severity], ['type', rule.type], ['predicate', rule.predicate]]) }]),
    ...checks.map((check): [string, Thing] => [
      `check ${check.id}`,
      { summary: `${check.severity}: ${formatThreshold(check.threshold)}`, settings: new Map([['severity', check.severity], ['type', check.type], ['measure', JSON.stringify(check.measure)], ['threshold', formatThreshold(check.threshold)]]) },
    ]),
    [`order of ${name}`, { summary: order.by, settings: new Map([['by', order.by === 'sequence' ? `sequence ${order.column}` : order.by]]) }],
    [`compatibility of ${name}`, { summary: compatibility, settings: new Map([['mode', compatibility]]) }],
  ]);
}

/** Only data of the source can drift: models have the columns that their SQL says. */
function driftThing(dataset: ContractDataset): Thing {
  const policies = driftPolicies(dataset);
  return { summary: DRIFT_KINDS.map((kind) => `${kind} ${policies[kind]}`).join(', '), settings: new Map(Object.entries(policies)) };
}
