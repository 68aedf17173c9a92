import { wrapped } from './wrapped';

test.each<[string, string[]]>([
  ['', ['']],
  ['one two three', ['one two', 'three']],
  ['  one two three', ['  one', '  two', '  three']],
  ['CODE  place', ['CODE ', 'place']],
  ['\u001b[31mred\u001b[39m two three', ['\u001b[31mred\u001b[39m two', 'three']],
  ['averylongword at', ['averylongword', 'at']],
])('%j in eight characters', (line, lines) => {
  expect(wrapped(line, 8)).toEqual(lines);
});
