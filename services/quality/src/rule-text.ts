import { compileDecode, KEY_CONFLICT, recordForm, type Definition } from '@weir/core';
import { DAMAGE } from './format/damage';
import { ruleReason } from './rejects';

/** What a rule of the quarantine means by a definition; of a rule that its contract does not have any more, that it is gone. */
export function ruleText(rule: string, definition: Definition | undefined, dataset: string): string {
  const contract = definition?.contract.datasets.find(({ name }) => name === dataset);
  if (!contract) return DAMAGE.get(rule) ?? 'No contract of the dataset is applied.';
  const described = contract.rules.find(({ id }) => id === rule)?.description;
  if (described !== undefined) return described;
  const { rules } = compileDecode(contract, { records: definition !== undefined && recordForm(definition.source) !== 'fields' });
  if (rule === KEY_CONFLICT || rules.some(({ id }) => id === rule)) return ruleReason(rule, rules);
  return DAMAGE.get(rule) ?? 'The newest contract does not have this rule.';
}
