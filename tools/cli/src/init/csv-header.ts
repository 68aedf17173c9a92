import { open } from 'node:fs/promises';
import { guessDelimiter, WeirError } from '@weir/core';

/** More than any header that is one. */
const HEADER_BYTES = 262_144;

/** The header of a CSV file: its fields, and the delimiter that gives the most of them. */
export interface CsvHeader {
  readonly header: readonly string[];
  readonly delimiter: string;
}

/** Reads the first record of a file. Throws SOURCE_MISSING, FILE_MALFORMED or HEADER_MISMATCH (repeated headers, which no contract can tell apart). */
export async function readCsvHeader(path: string): Promise<CsvHeader> {
  const text = await beginning(path);
  if (text.includes('\0') || text.includes('\uFFFD')) throw new WeirError({ code: 'FILE_MALFORMED', place: `${path}:1:1`, message: `${path} is not a text file in UTF-8.` });
  const best = guessDelimiter((delimiter) => ({ delimiter, header: firstRecord(text, delimiter) }));
  if (!best || best.header.every((field) => field.trim() === '')) throw new WeirError({ code: 'FILE_MALFORMED', place: `${path}:1:1`, message: `${path} has no header.` });
  const twice = best.header.find((field, index) => best.header.indexOf(field) < index);
  if (twice !== undefined) throw new WeirError({ code: 'HEADER_MISMATCH', place: `${path}:1:1`, message: `The header has \`${twice}\` twice.`, fix: 'Rename one of the two columns in the file.' });
  return best;
}

async function beginning(path: string): Promise<string> {
  const file = await open(path).catch((error: unknown) => {
    throw new WeirError({ code: 'SOURCE_MISSING', place: path, message: `${path} cannot be read.` }, { cause: error });
  });
  try {
    if (!(await file.stat()).isFile()) throw new WeirError({ code: 'SOURCE_MISSING', place: path, message: `${path} is not a file.` });
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    // The cut may fall inside a character: what follows the last line break is not needed then.
    const end = bytesRead < HEADER_BYTES ? bytesRead : buffer.lastIndexOf(0x0a) + 1;
    return buffer.toString('utf8', 0, end).replace(/^\uFEFF/, '');
  } finally {
    await file.close();
  }
}

function firstRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quoted && character === '"' && text.charAt(at + 1) === '"') {
      field += '"';
      at += 1;
    } else if (character === '"' && (quoted || field === '')) quoted = !quoted;
    else if (!quoted && character === delimiter) {
      fields.push(field);
      field = '';
    } else if (!quoted && (character === '\n' || character === '\r')) break;
    else field += character;
  }
  return [...fields, field];
}
