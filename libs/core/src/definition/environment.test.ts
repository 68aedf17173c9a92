import fc from 'fast-check';
import { parse } from 'yaml';
import { resolveEnvironment } from './environment';

const yaml = (text: string) => [{ path: 'pipeline.yaml', text }];

describe('environment references', () => {
  test.each([
    ['path: ${env:DIR}/{date}.csv', 'path: /data/{date}.csv'],
    ['path: ${env:DIR:-x}/{date}.csv', 'path: /data/{date}.csv'],
    ['path: ${env:UNSET:-../data}/{date}.csv', 'path: ../data/{date}.csv'],
    ['path: ${env:EMPTY:-here}', 'path: here'],
    ['path: ${env:UNSET:-}', 'path: '],
    ['a: ${env:DIR} # ${env:UNSET}', 'a: /data # ${env:UNSET}'],
    ['# ${env:UNSET}\na: 1', '# ${env:UNSET}\na: 1'],
    ['a: [ "${env:DIR}", ${env:DIR} ]', 'a: [ "/data", /data ]'],
    ['a: $DIR ${DIR} ${other:DIR}', 'a: $DIR ${DIR} ${other:DIR}'],
  ])('%j becomes %j', (text, resolved) => {
    expect(resolveEnvironment(yaml(text), { DIR: '/data', EMPTY: '' })).toMatchObject({ files: [{ path: 'pipeline.yaml', text: resolved }] });
  });

  test('are listed once with the value that was used, defaults too', () => {
    const outcome = resolveEnvironment(yaml('a: ${env:DIR}\nb: ${env:DIR}\nc: ${env:OTHER:-d}'), { DIR: '/data' });
    expect(outcome).toMatchObject({ used: [{ name: 'DIR', value: '/data' }, { name: 'OTHER', value: 'd' }] });
  });

  test.each([
    ['a: 1\nb: ${env:UNSET}', 'MISSING_KEY', 'pipeline.yaml:2:4'],
    ['a: ${env:not a name}', 'INVALID_VALUE', 'pipeline.yaml:1:4'],
    ['a: ${env:}', 'INVALID_VALUE', 'pipeline.yaml:1:4'],
    ['a: ${env:toString}', 'MISSING_KEY', 'pipeline.yaml:1:4'],
    ['a: ${env:QUOTE}', 'INVALID_VALUE', 'pipeline.yaml:1:4'],
    ['a: ${env:COLON}', 'INVALID_VALUE', 'pipeline.yaml:1:4'],
    ['a: ${env:LINES}', 'INVALID_VALUE', 'pipeline.yaml:1:4'],
  ])('%j is refused with %s at %s', (text, code, place) => {
    const env = { QUOTE: 'a" #', COLON: 'a: b', LINES: 'a\nb: c' };
    expect(resolveEnvironment(yaml(text), env)).toEqual({ problems: [expect.objectContaining({ code, place })] });
  });

  test('never show a refused value: it may be a secret', () => {
    expect(JSON.stringify(resolveEnvironment(yaml('a: ${env:S}'), { S: 'hunter2"' }))).not.toContain('hunter2');
  });

  test('stay as they are in models, which have no templating', () => {
    const files = [{ path: 'models/gold/a.sql', text: "select '${env:DIR}'" }];
    expect(resolveEnvironment(files, { DIR: 'x' })).toEqual({ files, used: [] });
  });

  test('cannot change the shape of a document, whatever their values', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const outcome = resolveEnvironment(yaml('a: 1\nb: x${env:V:-d}\nc: { d: x${env:V:-d}, e: 2 }\n'), { V: value });
        const read: unknown = 'files' in outcome ? parse(outcome.files[0]?.text ?? '') : undefined;
        if (read !== undefined) expect(read).toEqual({ a: 1, b: `x${value || 'd'}`.trim(), c: { d: `x${value || 'd'}`.trim(), e: 2 } });
      }),
      { numRuns: 2000 },
    );
  });
});
