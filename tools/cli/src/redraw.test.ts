import { Redraw } from './redraw';

/** A terminal as far as a picture needs one: lines, a cursor, up and clear. */
function terminal() {
  const lines = [''];
  let row = 0;
  const write = (text: string) => {
    // oxlint-disable-next-line no-control-regex -- what a terminal reads
    for (const [, up, clear, newline, plain] of text.matchAll(/\u001b\[(\d+)A|(\u001b\[0J)|(\n)|([^\u001b\n\r]+)|\u001b\[\?7[lh]|\r/g)) {
      if (up) row -= Number(up);
      if (clear) lines.splice(row, lines.length, '');
      if (newline) lines[(row += 1)] ??= '';
      if (plain) lines[row] = plain;
    }
  };
  return { lines, write };
}

test('a picture stands where it stood, longer or shorter, and leaves nothing behind', () => {
  const screen = terminal();
  screen.write('before\n');
  const picture = new Redraw(screen);
  picture.show(['one', 'two', 'three']);
  expect(screen.lines).toEqual(['before', 'one', 'two', 'three', '']);
  picture.show(['four']);
  expect(screen.lines).toEqual(['before', 'four', '']);
  picture.show(['five', 'six']);
  picture.close();
  screen.write('after\n');
  expect(screen.lines).toEqual(['before', 'after', '']);
});
