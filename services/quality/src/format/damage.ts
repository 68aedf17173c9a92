import type { Damage, JsonDamage } from '@weir/connectors';

const REASONS: Record<Damage | JsonDamage, string> = {
  too_few_fields: 'The row has fewer fields than the header.',
  too_many_fields: 'The row has more fields than the header.',
  blank_line: 'The line is blank, and rows follow it.',
  stray_quote: 'A quote stands inside a field that is not quoted, or text follows a closing quote.',
  stray_carriage_return: 'A carriage return stands alone; lines end with LF or CR LF.',
  nul_byte: 'The row has a NUL byte.',
  control_character: 'The row has a character that JSON text never has as it is: U+001F, or a line end inside of a text.',
  invalid_utf8: 'The row is not UTF-8.',
  too_large: 'The row is longer than 1 MiB.',
  empty_element: 'There is nothing between two commas of the list.',
};

/** The kinds of damage that no contract can mend, each with what it means. */
export const DAMAGE: ReadonlyMap<string, string> = new Map(Object.entries(REASONS));
