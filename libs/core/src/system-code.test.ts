import { systemCode } from './system-code';

test('is that of errors of the system, whatever made them, and of nothing else', () => {
  expect([Object.assign(new Error('no such file'), { code: 'ENOENT' }), { code: 'EEXIST' }, new Error('x'), { code: 7 }, 'ENOENT', null, undefined].map(systemCode)).toEqual(['ENOENT', 'EEXIST', undefined, undefined, undefined, undefined, undefined]);
});
