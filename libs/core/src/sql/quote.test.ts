import fc from 'fast-check';
import { isWeirError } from '../errors';
import { isPlainIdentifier, numberLiteral, quoteIdent, quoteLiteral, quoteQualified } from './quote';

/** Reads a quoted token back as an SQL scanner does: up to the first quote that is not doubled. */
function scan(text: string, quote: string): { value: string; rest: string } {
  let value = '';
  for (let at = 1; at < text.length; at += 1) {
    if (text.charAt(at) !== quote) value += text.charAt(at);
    else if (text.charAt(at + 1) === quote) {
      value += quote;
      at += 1;
    } else return { value, rest: text.slice(at + 1) };
  }
  throw new Error(`never closed: ${text}`);
}

const HOSTILE = ['"; drop table canary; --', "'; drop table canary; --", '""', "''", '\\', "\\'", '\\"', '$1', '%s', '${x}', 'a"b', "a'b", 'SELECT', 'select', '/*', '*/', '--', '\n', '\r\n', '\t', ' ', 'é', '表', '😀', '\u202e', 'a.b', '$$', 'E\'x\''];

describe('quoting', () => {
  test.each(HOSTILE)('keeps hostile text %j inside its identifier and its literal', (text) => {
    expect(scan(quoteIdent(text), '"')).toEqual({ value: text, rest: '' });
    expect(scan(quoteLiteral(text), "'")).toEqual({ value: text, rest: '' });
  });

  test('any literal is read back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0'));
        expect(scan(quoteLiteral(text), "'")).toEqual({ value: text, rest: '' });
      }),
    );
  });

  test('any identifier is read back as it was, or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (name) => {
        let quoted: string | undefined;
        try {
          quoted = quoteIdent(name);
        } catch (error) {
          expect(isWeirError(error) && error.code).toBe('INVALID_VALUE');
        }
        if (quoted !== undefined) expect(scan(quoted, '"')).toEqual({ value: name, rest: '' });
      }),
    );
  });

  test.each([[''], ['a\0b'], ['x'.repeat(64)], ['é'.repeat(32)], ['\ud800']])('refuses %j as an identifier', (name) => {
    expect(() => quoteIdent(name)).toThrow('cannot be the name of a table or column');
  });

  test('takes identifiers up to 63 bytes, so that Postgres never cuts two names into one', () => {
    expect(quoteIdent('x'.repeat(63))).toBe(`"${'x'.repeat(63)}"`);
    expect(quoteIdent(`${'é'.repeat(31)}x`)).toHaveLength(34);
  });

  test.each([['a\0b'], ['\udc00'], ['a\ud83d']])('refuses %j as a literal', (text) => {
    expect(() => quoteLiteral(text)).toThrow('cannot be written as SQL text');
  });

  test('quotes each part of a qualified name by itself', () => {
    expect(quoteQualified('a.b', 'c"d')).toBe('"a.b"."c""d"');
  });

  test.each([
    ['orders', true],
    ['o_2', true],
    ['Orders', false],
    ['2o', false],
    ['_x', false],
    ['a-b', false],
    ['x'.repeat(64), false],
  ])('says whether %j stands without quotes: %s', (name, plain) => {
    expect(isPlainIdentifier(name)).toBe(plain);
  });

  test.each([
    [0, '0'],
    [-12.5, '-12.5'],
    [1e-7, '0.0000001'],
    [1.25e-9, '0.00000000125'],
    [-3e-10, '-0.0000000003'],
    [1e21, '1000000000000000000000'],
    [-1.5e22, '-15000000000000000000000'],
  ])('writes the number %d without an exponent', (value, text) => {
    expect(numberLiteral(value)).toBe(text);
  });

  test.each([[1e38, '1e+38'], [-1.5e300, '-1.5e+300'], [9e37, `9${'0'.repeat(37)}`]])('leaves the number %d an exponent where it has more digits than the engine keeps', (value, text) => {
    expect(numberLiteral(value)).toBe(text);
  });

  test.each([[Number.NaN], [Number.POSITIVE_INFINITY]])('refuses the number %d', (value) => {
    expect(() => numberLiteral(value)).toThrow('cannot be written as an SQL number');
  });
});
