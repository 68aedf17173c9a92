import { compileDecode, KEY_CONFLICT, recordForm, type Definition } from '@weir/core';
import { DAMAGE } from './format/damage';
import { ruleReason } from './rejects';

/** What a rule of the quarantine means by a definition; of a rule that its contract does not have any more, that it is gone. */
export function ruleText(rule: string, definition: Definition | undefined, dataset: string): string {
  const demand = demandText(rule);
  if (demand) return demand;
  const contract = definition?.contract.datasets.find(({ name }) => name === dataset);
  if (!contract) return DAMAGE.get(rule) ?? 'No contract of the dataset is applied.';
  const described = contract.rules.find(({ id }) => id === rule)?.description;
  if (described !== undefined) return described;
  const { rules } = compileDecode(contract, { records: definition !== undefined && recordForm(definition.source) !== 'fields' });
  if (rule === KEY_CONFLICT || rules.some(({ id }) => id === rule)) return ruleReason(rule, rules);
  return DAMAGE.get(rule) ?? 'The newest contract does not have this rule.';
}

/** Of rules of tables: kinds of demands, and what a row does that does not meet them; the name of a constraint or column follows. */
const DEMANDS: ReadonlyMap<string, string> = new Map([
  ['check', 'breaks the check constraint'],
  ['not_null', 'lacks a value that must be there'],
  ['foreign_key', 'refers to a row that is not there, or is referred to by one'],
  ['unique', 'has what another row has, and must not'],
  ['exclusion', 'does not go together with another row'],
  ['view_check', 'is not what the view may hold'],
  ['too_large', 'is too large for an index'],
  ['trigger', 'is refused by a trigger'],
  ['value', 'has a value that the table cannot hold'],
  ['constraint', 'breaks a constraint'],
]);

function demandText(rule: string): string | undefined {
  const [, kind = '', name = ''] = /^destination:([a-z_]+)(?::(.*))?$/s.exec(rule) ?? [];
  const text = DEMANDS.get(kind);
  return text && `The table of the destination does not take the row: it ${text}${name && ` (${name})`}.`;
}
