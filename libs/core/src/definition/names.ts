/** What datasets, models, columns and pipelines may be called; JSON Schema and code share it. */
export const NAME_PATTERN = '^[a-z][a-z0-9_]{0,62}$';

const NAME = new RegExp(NAME_PATTERN);

/** Columns that Weir adds to datasets and tables begin with this. */
export const RESERVED_PREFIX = '_weir_';

/** Columns that bronze and the models over rows have besides their own; a model over rows may read them, for a line id or an audit trail. */
export const ROW_COLUMNS = [
  { name: '_weir_row_id', type: 'VARCHAR' },
  { name: '_weir_position', type: 'VARCHAR' },
] as const;

/** Names of zones: `<pipeline>.<dataset>` and `<zone>.<dataset>` must not be confused. */
export const ZONES = ['raw', 'bronze', 'silver', 'gold'] as const;

/** What is wrong with a name, as the end of a sentence, and what to do; undefined when nothing is. */
export function nameFault(name: string): { message: string; fix: string } | undefined {
  if (name.toLowerCase().startsWith(RESERVED_PREFIX)) return { message: `begins with \`${RESERVED_PREFIX}\`, which is reserved.`, fix: 'Choose another name.' };
  return NAME.test(name) ? undefined : { message: 'cannot be a name.', fix: 'Use lower-case letters, digits and _, beginning with a letter, at most 63 of them.' };
}

/** What NAME_PATTERN means, for people. */
export const NAME_WORDS = 'lower-case letters, digits and _, beginning with a letter, at most 63 of them.';
