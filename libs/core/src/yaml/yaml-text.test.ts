import { YamlText } from './yaml-text';

function parsed(text: string): YamlText {
  const result = YamlText.parse({ path: 'f.yaml', text });
  if ('problems' in result) throw new Error(result.problems.map((problem) => problem.message).join());
  return result.yaml;
}

describe('YAML with places', () => {
  const yaml = parsed('name: a\nsource: { path: x,\n  type: file }\nlist:\n  - key: 1\n    other: [p, q]\nempty:\n');

  test.each([
    [['name'], 'key', 'f.yaml:1:1'],
    [['name'], 'value', 'f.yaml:1:7'],
    [['source'], 'value', 'f.yaml:2:9'],
    [['source', 'type'], 'key', 'f.yaml:3:3'],
    [['source', 'type'], 'value', 'f.yaml:3:9'],
    [['list', 0], 'value', 'f.yaml:5:5'],
    [['list', 0, 'other', 1], 'value', 'f.yaml:6:16'],
    [['list', 0, 'missing'], 'value', 'f.yaml:5:5'],
    [['list', 7], 'value', 'f.yaml:5:3'],
    [['missing', 'deep'], 'value', 'f.yaml:1:1'],
    [[], 'value', 'f.yaml:1:1'],
  ] as const)('%j as %s stands at %s', (path, at, place) => {
    expect(yaml.place(path, at)).toBe(place);
  });

  test('gives plain data', () => {
    expect(yaml.value).toEqual({ name: 'a', source: { path: 'x', type: 'file' }, list: [{ key: 1, other: ['p', 'q'] }], empty: null });
  });

  test.each([
    ['a: [1', 'f.yaml:1:6'],
    ['a: 1\na: 2', 'f.yaml:2:1'],
    ['a: 1\n b: 2', 'f.yaml:1:4'],
    ['a: *nowhere', 'f.yaml:1:1'],
    ['', 'f.yaml:1:1'],
    ['# only a comment', 'f.yaml:1:1'],
    ['a: 1\n---\nb: 2', 'f.yaml:2:1'],
    ['a: "x\\0y"', 'f.yaml:1:4'],
    ['a: "\\ud800"', 'f.yaml:1:4'],
    ['\tname: x', 'f.yaml:1:1'],
  ])('%j is refused at %s', (text, place) => {
    expect(YamlText.parse({ path: 'f.yaml', text })).toEqual({ problems: [expect.objectContaining({ code: 'INVALID_YAML', place })] });
  });

  test('survives bombs: deep nesting, aliases that multiply, megabytes', () => {
    const lols = ['a: &a [x,x,x,x,x,x,x,x,x]', ...['b', 'c', 'd', 'e', 'f', 'g'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdef'[index]}`).join()}]`)].join('\n');
    const staircase = Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
    for (const text of ['['.repeat(200_000), `a: ${'{a: '.repeat(100_000)}`, `${'- '.repeat(200_000)}x`, `${'? '.repeat(200_000)}x`, staircase, lols, `a: ${'x'.repeat(1_100_000)}`]) {
      expect(YamlText.parse({ path: 'f.yaml', text })).toEqual({ problems: [expect.objectContaining({ code: 'INVALID_YAML' })] });
    }
  });

  test('cannot reach the prototype of anything', () => {
    const { value } = parsed('__proto__:\n  polluted: true\nconstructor: 1');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
  });
});
