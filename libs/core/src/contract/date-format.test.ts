import { strptimeFormat } from './date-format';

describe('date formats', () => {
  test.each([
    ['yyyy-MM-dd', '%Y-%m-%d'],
    ['dd/MM/yyyy HH:mm:ss', '%d/%m/%Y %H:%M:%S'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", '%Y-%m-%dT%H:%M:%S.%g%z'],
    ['d MMM yy h:mm a', '%-d %b %y %-I:%M %p'],
    ["yyyy 'o''clock'", "%Y o'clock"],
    ["hh 'h'", '%I h'],
    ["dd''MM", "%d'%m"],
    ['%d.%m.%Y', '%d.%m.%Y'],
    ['yyyy-ww', undefined],
    ['yyyy-MM-dd G', undefined],
    ["yyyy 'open", undefined],
    ['QQQ', undefined],
  ])('%j is %j to strptime', (format, strptime) => {
    expect(strptimeFormat(format)).toBe(strptime);
  });
});
