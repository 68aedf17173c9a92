import type { Alias, Vocabulary } from './alias/alias';
import { GREAT_EXPECTATIONS_ALIASES } from './alias/great-expectations';
import { ODCS_ALIASES } from './alias/odcs';

/** The names that other vocabularies have for our measures: one row a name, with the schema of its arguments and what they mean. docs/checks.md is made from it. */
export const ALIASES: readonly Alias[] = Object.freeze([...ODCS_ALIASES, ...GREAT_EXPECTATIONS_ALIASES]);

/** The alias of a name; undefined for one that the vocabulary does not have here. */
export function aliasNamed(vocabulary: Vocabulary, name: string): Alias | undefined {
  return ALIASES.find((alias) => alias.vocabulary === vocabulary && alias.name === name);
}

/** The names of a vocabulary. */
export function aliasNames(vocabulary: Vocabulary): string[] {
  return ALIASES.filter((alias) => alias.vocabulary === vocabulary).map(({ name }) => name);
}
