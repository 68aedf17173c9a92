import { WeirError, type FileLayout } from '@weir/core';

/** Characters of windows-1252 for the bytes 0x80 to 0x9f; those it does not define stay control characters, as in browsers. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * Text of another encoding as UTF-8, in pieces. UTF-16 is little-endian unless a byte order mark says otherwise, and the mark is left out. Half a character in UTF-16 becomes bytes that are not
 * UTF-8, so that the record that has it is damaged and no other. Throws FILE_TRUNCATED for UTF-16 with half a unit at its end.
 */
export function recode(chunks: AsyncIterable<Buffer>, encoding: FileLayout['encoding'], name: string): AsyncIterable<Buffer> {
  switch (encoding) {
    case 'utf-8':
      return chunks;
    case 'utf-16':
      return fromUtf16(chunks, name);
    case 'latin1':
      return mapped(chunks, (text) => text);
    case 'windows-1252':
      return mapped(chunks, (text) => text.replaceAll(/[\u0080-\u009f]/g, (character) => WINDOWS[character.charCodeAt(0) - 0x80] as string));
  }
}

/** Encodings of one byte for each character. */
async function* mapped(chunks: AsyncIterable<Buffer>, map: (text: string) => string): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(map(chunk.toString('latin1')));
}

async function* fromUtf16(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let big: boolean | undefined;
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (bytes.length < 2) {
      rest = bytes;
      continue;
    }
    const marked = big === undefined && (bytes[0] === 0xff || bytes[0] === 0xfe) && bytes[0] + (bytes[1] as number) === 0x1fd;
    big ??= marked && bytes[0] === 0xfe;
    const from = marked ? 2 : 0;
    let to = bytes.length - (bytes.length % 2);
    // The first half of a pair waits for the second.
    if (to > from && ((bytes[big ? to - 2 : to - 1] as number) & 0xfc) === 0xd8) to -= 2;
    const units = Buffer.from(bytes.subarray(from, to));
    rest = bytes.subarray(to);
    yield utf8Of((big ? units.swap16() : units).toString('utf16le'));
  }
  if (rest.length % 2 === 1) throw new WeirError({ code: 'FILE_TRUNCATED', message: 'The file ends inside a character: it is UTF-16 with an odd number of bytes.', place: name });
  if (rest.length > 0) yield utf8Of((big === true ? Buffer.from(rest).swap16() : rest).toString('utf16le'));
}

/** Half a pair by itself is written as if it were a character, which is not UTF-8. */
function utf8Of(text: string): Buffer {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text);
  return Buffer.concat(
    text.split(/(\p{Surrogate})/u).map((part) => {
      const unit = part.codePointAt(0) ?? 0;
      return part.length === 1 && unit >= 0xd800 && unit <= 0xdfff ? Buffer.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)) : Buffer.from(part);
    }),
  );
}
