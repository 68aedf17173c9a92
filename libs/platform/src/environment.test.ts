import { inspect } from 'node:util';
import { readEnvironment } from './environment';
import { Secret } from './secret';

test('a missing variable is named with what sets it', () => {
  expect(() => readEnvironment({}).text('WEIR_LAKE')).toThrow(expect.objectContaining({ code: 'MISSING_KEY', place: 'WEIR_LAKE' }) as Error);
});

test.each(['', 'abc', '1.5', '70000', '-1', '1e3', ' 12'])('`%s` is no port', (value) => {
  expect(() => readEnvironment({ WEIR_PORT: value }).integer('WEIR_PORT', undefined, { min: 0, max: 65_535 })).toThrow();
});

test('numbers, flags and fallbacks are read', () => {
  const env = readEnvironment({ A: '7411', B: 'off', C: 'TRUE' });
  expect([env.integer('A', 1, { min: 0, max: 65_535 }), env.integer('Z', 3, { min: 0, max: 9 }), env.flag('B', true), env.flag('C', false), env.flag('Z', true)]).toEqual([7411, 3, false, true, true]);
  expect(() => readEnvironment({ B: 'maybe' }).flag('B', true)).toThrow('`maybe`');
});

test('a variable that may be left out is undefined then', () => {
  const env = readEnvironment({ A: 'a', B: '' });
  expect([env.optional('A'), env.optional('B'), env.optional('C')]).toEqual(['a', undefined, undefined]);
});

test('a secret prints REDACTED everywhere but at its use', () => {
  const secret = readEnvironment({ P: 'canary' }).secret('P');
  const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }), inspect(secret), `${secret}`].join(' ');
  expect(shown).not.toContain('canary');
  expect(shown).toContain('REDACTED');
  expect(secret.reveal()).toBe('canary');
  expect(secret).toBeInstanceOf(Secret);
});
