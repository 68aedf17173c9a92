import { quoteIdent, quoteLiteral } from '../sql/quote';
import type { OdcsProperty, OdcsTypeOptions } from './odcs';

interface JsonRule {
  readonly option: string;
  readonly predicate: string;
  readonly description: string;
}

/** What the JSON text of each type is. */
const JSON_TYPES: Readonly<Record<string, 'OBJECT' | 'ARRAY'>> = { object: 'OBJECT', map: 'OBJECT', array: 'ARRAY', vector: 'ARRAY' };

const TIME = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?';

/** Row rules of columns whose values are text of a form: times of day, and JSON. What is inside of JSON beyond its options is not looked at. */
export function jsonRules({ name, logicalType = '', logicalTypeOptions = {} }: OdcsProperty): JsonRule[] {
  const column = quoteIdent(name);
  if (logicalType === 'time') return [{ option: 'logicalType', predicate: `regexp_full_match(${column}, ${quoteLiteral(TIME)})`, description: 'is a time of day, such as 23:59:59' }];
  const type = JSON_TYPES[logicalType];
  if (!type) return [];
  // The engine fails on what is no JSON, or JSON of another type. Nothing is wrong with an empty value: that is for `required` to say.
  const guarded = (predicate: string) => `case when ${column} is null then null when not json_valid(${column}) then false when json_type(${column}) = '${type}' then ${predicate} else false end`;
  const options = optionRules(column, logicalTypeOptions, type === 'OBJECT' ? `len(json_keys(${column}))` : `json_array_length(${column})`);
  return [{ option: 'logicalType', predicate: guarded('true'), description: `is a JSON ${type === 'OBJECT' ? 'object' : 'array'}` }, ...options.map((rule) => ({ ...rule, predicate: guarded(rule.predicate) }))];
}

function optionRules(column: string, options: OdcsTypeOptions, size: string): JsonRule[] {
  const { minItems, minProperties, maxItems, maxProperties, dimensions, uniqueItems, required } = options;
  const bound = (option: string, operator: '>=' | '<=' | '=', value: number | undefined, words: string): JsonRule[] => (value === undefined ? [] : [{ option, predicate: `${size} ${operator} ${value}`, description: `has ${words} ${value} parts` }]);
  return [
    ...bound('minItems', '>=', minItems, 'at least'),
    ...bound('minProperties', '>=', minProperties, 'at least'),
    ...bound('maxItems', '<=', maxItems, 'at most'),
    ...bound('maxProperties', '<=', maxProperties, 'at most'),
    ...bound('dimensions', '=', dimensions, 'exactly'),
    ...(uniqueItems === true ? [{ option: 'uniqueItems', predicate: `len(list_distinct(from_json(${column}, '["JSON"]'))) = ${size}`, description: 'has no part twice' }] : []),
    ...(required ? [{ option: 'required', predicate: `list_has_all(json_keys(${column}), [${required.map(quoteLiteral).join(', ')}])`, description: `has ${required.join(', ')}` }] : []),
  ];
}
