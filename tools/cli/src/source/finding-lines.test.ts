import { stripVTControlCharacters } from 'node:util';
import { findingLines } from './finding-lines';

test('what is wrong has code, place and fix; what comes from a source does nothing to a terminal', () => {
  const lines = findingLines([
    { what: 'data', right: true, told: '2 files: a\u001b[2Jb.', fix: '', code: '', place: '/in/*' },
    { what: 'cursor', right: true, told: 'No index.', fix: 'Add one.', code: '', place: '' },
    { what: 'column x\ny', right: false, told: 'It is missing.', fix: 'Have it sent.', code: 'HEADER_MISMATCH', place: 'a.csv' },
  ]);
  expect(lines.map(stripVTControlCharacters)).toEqual([
    '  right  data        2 files: a·[2Jb.',
    '  right  cursor      No index.',
    '                     Fix: Add one.',
    '  wrong  column x·y  It is missing.',
    '                     HEADER_MISMATCH  a.csv',
    '                     Fix: Have it sent.',
  ]);
});
