import { readEnvironment } from './environment';
import { listenSettings, postgresSettings, stageSettings } from './settings';

test.each([
  ['127.0.0.1', true],
  ['::1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
])('a server on %s reflects by default: %s', (host, reflection) => {
  expect(listenSettings(readEnvironment({ WEIR_HOST: host }), 7411)).toEqual({ host, port: 7411, reflection });
});

test('reflection can be turned either way on any host', () => {
  expect(listenSettings(readEnvironment({ WEIR_HOST: '0.0.0.0', WEIR_REFLECTION: 'on' }), 1).reflection).toBe(true);
  expect(listenSettings(readEnvironment({ WEIR_REFLECTION: 'off' }), 1).reflection).toBe(false);
});

test('stage limits have defaults and bounds', () => {
  expect(stageSettings(readEnvironment({}))).toEqual({ engine: { memoryLimit: '256MB', threads: 2 }, maxStages: 2 });
  expect(() => stageSettings(readEnvironment({ WEIR_MAX_STAGES: '0' }))).toThrow('WEIR_MAX_STAGES is `0`');
});

test('a database without a password is refused by the name of its variable', () => {
  expect(() => postgresSettings(readEnvironment({}), 'WAREHOUSE', 'warehouse')).toThrow('WEIR_WAREHOUSE_PASSWORD');
  const { password, ...shown } = postgresSettings(readEnvironment({ WEIR_WAREHOUSE_PASSWORD: 'canary' }), 'WAREHOUSE', 'warehouse');
  expect(shown).toEqual({ host: '127.0.0.1', port: 5432, database: 'warehouse', user: 'weir' });
  expect(password.reveal()).toBe('canary');
});
