import fc from 'fast-check';
import { recode } from './recode';

/** CI takes 300 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 300);

async function recoded(bytes: Buffer, encoding: Parameters<typeof recode>[1], chunk = bytes.length || 1): Promise<Buffer> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  const pieces: Buffer[] = [];
  for await (const piece of recode(chunks(), encoding, 'day.csv')) pieces.push(piece);
  return Buffer.concat(pieces);
}

const utf16 = (text: string, big = false): Buffer => (big ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, 'utf16le'));

it.each([
  ['latin1', Buffer.from([0x41, 0xe9, 0xff, 0x80, 0x0a]), 'Aéÿ\u0080\n'],
  ['windows-1252', Buffer.from([0x41, 0xe9, 0x80, 0x8c, 0x93, 0x94, 0x99, 0x9e, 0x9f, 0x81, 0xa0]), 'Aé€Œ“”™žŸ\u0081\u00a0'],
  ['utf-16', utf16('a,é😀\n'), 'a,é😀\n'],
  ['utf-16', utf16('\ufeffa,é😀\n'), 'a,é😀\n'],
  ['utf-16', utf16('\ufeffa,é😀\n', true), 'a,é😀\n'],
  ['utf-16', utf16('\ufeff\ufeffa'), '\ufeffa'],
  ['utf-16', Buffer.alloc(0), ''],
  ['utf-8', Buffer.from('é'), 'é'],
] as const)('%s becomes UTF-8 (%#)', async (encoding, bytes, expected) => {
  for (const chunk of [1, 2, 3, 5, 100]) expect((await recoded(bytes, encoding, chunk)).toString()).toBe(expected);
});

it('any text in UTF-16 is itself, in chunks of any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.constantFrom<'' | 'little' | 'big'>('', 'little', 'big'), fc.integer({ min: 1, max: 9 }), async (text, mark, chunk) => {
      fc.pre(!text.startsWith('\ufeff') && !text.startsWith('\ufffe'));
      expect((await recoded(utf16((mark && '\ufeff') + text, mark === 'big'), 'utf-16', chunk)).equals(Buffer.from(text))).toBe(true);
    }),
    { numRuns: RUNS },
  );
});

it('half a pair of UTF-16 becomes bytes that are not UTF-8, and nothing else changes', async () => {
  // As WTF-8 has them: U+D83D and U+DE00.
  const [high, low] = [Buffer.from([0xed, 0xa0, 0xbd]), Buffer.from([0xed, 0xb8, 0x80])];
  const bytes = utf16('a\ud83db\ude00😀\ud83d');
  const expected = Buffer.concat([Buffer.from('a'), high, Buffer.from('b'), low, Buffer.from('😀'), high]);
  for (const chunk of [1, 2, 3, 4, 100]) expect(await recoded(bytes, 'utf-16', chunk)).toEqual(expected);
  expect(await recoded(utf16('\ufeff\ud83d', true), 'utf-16')).toEqual(high);
});

it('UTF-16 with an odd number of bytes is truncated', async () => {
  for (const chunk of [1, 2, 100]) await expect(recoded(utf16('ab').subarray(0, 3), 'utf-16', chunk)).rejects.toMatchObject({ code: 'FILE_TRUNCATED', place: 'day.csv' });
});
