import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { findElements } from './find-records';
import { rewriteJson } from './rewrite-json';
import { scanJson } from './scan-json';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
});
afterAll(() => dir.dispose());

async function written(text: string): Promise<string> {
  const path = join(dir.path, `${process.hrtime.bigint()}.json`);
  await writeFile(path, text);
  return path;
}

/** The lines that a document comes to, or the message of what is wrong with it. */
async function lines(text: string, records: string): Promise<string[] | string> {
  const path = await written(text);
  try {
    const scan = await scanJson(path, { name: 'd', records });
    const chunks: Buffer[] = [];
    for await (const chunk of rewriteJson(path, { name: 'd', records })) chunks.push(chunk);
    const found: string[] = [];
    for await (const { bytes } of findElements(path, scan, Array.from({ length: scan.records }, (_, n) => n), { name: 'd', records })) found.push(bytes.toString());
    const made = Buffer.concat(chunks).toString().replace(/^\ufeff/, '').split('\n').slice(0, -1);
    expect(found.map((element) => element.replaceAll('\n', ' '))).toEqual(made);
    expect(scan.records).toBe(made.length);
    return made;
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

describe('records of a document', () => {
  test.each([
    ['at the top', '{"meta":{"items":[0]},"items":[{"a":1},{"a":2}],"next":null}', 'items', ['{"a":1}', '{"a":2}']],
    ['below fields', ' { "x" : [ {"data":1} ] , "data" : { "n": "}]" , "items" : [ {"a": [1]} , 2 ] } } ', 'data.items', ['{"a": [1]}', '2']],
    ['after a field whose text looks like the way', '{"t":"\\"data\\":[1]","data":[{"b":2}]}', 'data', ['{"b":2}']],
    ['whose name is escaped', '{"d\\u0061ta":[1]}', 'data', ['1']],
    ['in an empty list', '{"data":[],"more":[1]}', 'data', []],
    ['that are one object', '{"data":{"a":1},"z":2}', 'data', ['{"a":1}']],
    ['over several lines', '{\n"data": [\n{"a":\n1}\n]}', 'data', ['{"a": 1}']],
  ])('are found %s', async (_what, text, records, expected) => {
    expect(await lines(text, records)).toEqual(expected);
  });

  test.each([
    ['the field is not there', '{"items":[1]}', 'data', 'FILE_MALFORMED: The document has no `data`'],
    ['the field is deeper', '{"x":{"data":[1]}}', 'data', 'FILE_MALFORMED: The document has no `data`'],
    ['a field on the way is no object', '{"data":[1]}', 'data.items', 'FILE_MALFORMED: The document has no `data.items`'],
    ['the object on the way has no such field', '{"data":{"a":1},"items":[1]}', 'data.items', 'FILE_MALFORMED: The document has no `data.items`'],
    ['the document is a list', '[{"data":[1]}]', 'data', 'FILE_MALFORMED: The document has no `data`'],
    ['what is there is a text', '{"data":"x"}', 'data', 'FILE_MALFORMED: What is to be the records begins with `"`'],
    ['the document ends inside', '{"data":[{"a":1},', 'data', 'FILE_TRUNCATED: The file ends inside'],
    ['there is nothing', '', 'data', 'FILE_MALFORMED: The file is empty'],
  ])('are not found where %s', async (_what, text, records, expected) => {
    expect(await lines(text, records)).toContain(expected);
  });

  test('are those of JSON.parse, whatever stands around them', async () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    // A line cannot have these, so that an element with one is damaged.
    const clean = (json: unknown): boolean => !['\\u0000', '\\u001f', '\u007f'].some((text) => JSON.stringify(json).includes(text));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string({ maxLength: 4 }).filter((name) => name !== 'data' && name !== '__proto__'), value), fc.array(fc.dictionary(fc.string({ maxLength: 4 }), value)), fc.dictionary(fc.string({ maxLength: 4 }), value), async (before, items, after) => {
        const { items: _items, ...others } = after;
        const document = { ...before, data: { ...others, items } };
        fc.pre(clean(document));
        expect(await lines(JSON.stringify(document), 'data.items')).toEqual(items.map((item) => JSON.stringify(item)));
      }),
      { numRuns: 200 },
    );
  });
});
