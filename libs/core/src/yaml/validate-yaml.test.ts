import { type JsonSchema, validateYaml } from './validate-yaml';
import { YamlText } from './yaml-text';

const RULE: JsonSchema = { title: 'rule', type: 'object', additionalProperties: false, properties: { row: { type: 'string' }, name: { type: 'string' } } };

function problems(text: string) {
  const parsed = YamlText.parse({ path: 'c.yaml', text });
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return validateYaml(parsed.yaml, RULE);
}

test.each([
  ['{ row: coalesce(a, 0) >= 0 }', '0) >= 0', 'c.yaml:1:20'],
  ['{ name: Weighed, not counted., row: a }', 'not counted.', 'c.yaml:1:18'],
])('a text that a comma cuts in %s is to be quoted, not to be named otherwise', (text, key, place) => {
  expect(problems(text)).toEqual([{ code: 'UNKNOWN_KEY', message: `\`${key}\` is not a key of a rule.`, fix: 'Between { and } a comma ends the value before it: put a text that has one in quotes.', place }]);
});

test.each(['{ rwo: a }', '{ rwo }', 'rwo: a'])('a key that is nearly another one in %s is to be that one', (text) => {
  expect(problems(text)).toMatchObject([{ code: 'UNKNOWN_KEY', fix: 'did you mean `row`?' }]);
});
