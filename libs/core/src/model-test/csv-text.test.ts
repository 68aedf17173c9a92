import fc from 'fast-check';
import { readCsvText } from './csv-text';

const fields = (text: string) => readCsvText(text)?.map((record) => record.fields);

describe('readCsvText', () => {
  test('tells null from empty text, and knows quotes, commas and line breaks within them', () => {
    expect(fields('a,,""\r\n"x,1","say ""hi""","two\nlines"\n')).toEqual([['a', null, ''], ['x,1', 'say "hi"', 'two\nlines']]);
  });

  test('counts lines as an editor does, also after fields of several lines, and skips empty ones', () => {
    expect(readCsvText('h\n"a\nb"\n\nc')?.map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  test('says when a quote is never closed', () => {
    expect(readCsvText('a,"b')).toBeUndefined();
  });

  test('reads back whatever RFC 4180 writes', () => {
    const field = fc.option(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'é', ' ') }), { nil: null });
    const write = (value: string | null) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`);
    fc.assert(
      fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 }), (rows) => {
        expect(fields(rows.map((row) => row.map(write).join(',')).join('\n'))).toEqual(rows);
      }),
    );
  });
});
