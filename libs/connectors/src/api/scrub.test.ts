import fc from 'fast-check';
import { scrub } from './scrub';

test('a secret is taken out in the forms in which servers send it back', () => {
  const secret = 'k/"y ü&+';
  const forms = [secret, JSON.stringify(secret), 'k\\/\\"y ü&+', encodeURIComponent(secret), 'k%2F%22y+%C3%BC%26%2B', Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex')];
  for (const form of forms) expect(scrub(`before ${form} after`, [secret])).toMatch(/^before "?REDACTED"? after$/);
});

test('the longer one of two secrets goes first, and an empty one hides nothing', () => {
  expect(scrub('abcdef abc', ['abc', 'abcdef', ''])).toBe('REDACTED REDACTED');
});

test('no secret stays in a text that has it', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 4 }).filter((secret) => !'REDACTED'.includes(secret)), fc.string(), fc.string(), (secret, before, after) => {
      expect(scrub(before + secret + after, [secret]).replaceAll('REDACTED', '\0')).not.toContain(secret);
    }),
  );
});
