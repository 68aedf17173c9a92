import fc from 'fast-check';
import { findFields } from './json-fields';

/** The texts at paths; undefined where there is none. */
function texts(document: string | Buffer, ...paths: string[]): (string | undefined)[] {
  const bytes = Buffer.from(document);
  return findFields(bytes, paths.map((path) => (path === '' ? [] : path.split('.')))).found.map((field) => field && bytes.toString('utf8', field.from, field.to));
}

function elements(document: string, path: string): number | undefined {
  return findFields(Buffer.from(document), [path === '' ? [] : path.split('.')]).found[0]?.elements;
}

test.each<[string, string, string[], (string | undefined)[]]>([
  ['two paths', '{"data":{"items":[1,2],"next":"x"},"z":0}', ['data.items', 'data.next'], ['[1,2]', '"x"']],
  ['paths of which one leads on from the other', '{"a":{"b":1}}', ['a', 'a.b'], ['{"a":{"b":1}}'.slice(5, -1), '1']],
  ['the document', ' \n[1] ', ['', 'a'], ['[1]', undefined]],
  ['a name that is escaped', '{"d\\u0061ta":true}', ['data'], ['true']],
  ['what only looks like the path', '{"t":"\\"data\\":1","x":{"data":2},"y":[{"data":3}],"data":4}', ['data'], ['4']],
  ['a way that is no object', '{"a":[{"b":1}],"c":null}', ['a.b', 'c.d'], [undefined, undefined]],
  ['strings with brackets, quotes and back-slashes', '{"a":"]}\\"\\\\","b":"{["}', ['b'], ['"{["']],
  ['a number that no number of JavaScript holds', '{"n":12345678901234567890.10}', ['n'], ['12345678901234567890.10']],
  ['a document after a byte order mark', '\ufeff{"a":1}', ['a'], ['1']],
  ['words that are no JSON, which is found where records are read', '{"a":[NaN,Infinity],"b":1}', ['b'], ['1']],
])('finds %s', (_what, document, paths, expected) => {
  expect(texts(document, ...paths)).toEqual(expected);
});

test.each([
  ['[]', 0],
  [' [ \n ] ', 0],
  ['[[]]', 1],
  ['[1,[2,3],{"a":[4,5]},"x,y"]', 4],
  ['[,]', 2],
  ['{"a":1}', 0],
])('counts the elements of %s', (document, expected) => {
  expect(elements(document, '')).toBe(expected);
});

test.each([
  ['', 'FILE_MALFORMED', 'nothing in it'],
  ['<html>', 'FILE_MALFORMED', 'does not begin'],
  ['"a"', 'FILE_MALFORMED', 'does not begin'],
  ['[1}', 'FILE_MALFORMED', 'no JSON, at byte 2'],
  ["{'a':1}", 'FILE_MALFORMED', 'no JSON, at byte 1'],
  ['{"a" 1}', 'FILE_MALFORMED', 'no JSON'],
  ['[1] [2]', 'FILE_MALFORMED', 'goes on behind its end, at byte 4'],
  ['{"data":1,"data":2}', 'FILE_MALFORMED', '`data` twice'],
  ['{"data":[1,2', 'FILE_TRUNCATED', 'at byte 12'],
  ['{"data":"ab', 'FILE_TRUNCATED', ''],
  ['{"data":"ab\\', 'FILE_TRUNCATED', ''],
  ['{"data":', 'FILE_TRUNCATED', ''],
  ['{"da', 'FILE_TRUNCATED', ''],
  ['{', 'FILE_TRUNCATED', ''],
])('refuses %s with %s', (document, code, message) => {
  expect(() => texts(document, 'data')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }));
});

test('whatever the document is, its values are those of JSON.parse, and every beginning of it is refused', () => {
  const others = fc.dictionary(fc.string({ maxLength: 4 }).filter((name) => !['data', 'next', '__proto__'].includes(name)), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
  fc.assert(
    fc.property(others, others, fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }), fc.jsonValue({ maxDepth: 1 }), fc.nat(), fc.constantFrom(0, 1, 2), (before, inside, items, next, cut, space) => {
      const document = JSON.stringify({ ...before, data: { ...inside, items }, next }, undefined, space);
      expect(texts(document, 'data.items', 'next').map((text) => JSON.parse(text ?? '') as unknown)).toEqual(JSON.parse(JSON.stringify([items, next])));
      expect(elements(document, 'data.items')).toBe(items.length);
      const bytes = Buffer.from(document);
      expect(() => texts(bytes.subarray(0, 1 + (cut % (bytes.length - 1))), 'next')).toThrow(expect.objectContaining({ code: 'FILE_TRUNCATED' }));
    }),
    { numRuns: 500 },
  );
});

test('bytes of all kinds are either a document or refused, and a million brackets take no stack', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', ' ', '1', 'a', '\0', 'é', "'"), { maxLength: 40 }), (pieces) => {
      try {
        texts(pieces.join(''), 'a');
      } catch (error) {
        expect(['FILE_MALFORMED', 'FILE_TRUNCATED']).toContain((error as { code: string }).code);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(elements(`[${'['.repeat(500_000)}${']'.repeat(500_000)}]`, '')).toBe(1);
  expect(() => texts('['.repeat(5_000_000), 'a')).toThrow(expect.objectContaining({ code: 'FILE_MALFORMED' }));
});
