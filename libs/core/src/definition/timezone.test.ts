import { timezoneFault } from './timezone';

describe('the name of a time zone', () => {
  test.each(['UTC', 'Europe/London', 'America/New_York', 'America/Port-au-Prince', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1', 'US/Pacific'])('can be %s', (name) => {
    expect(timezoneFault(name)).toBeUndefined();
  });

  test.each([
    ['Europe/Londn', 'did you mean `Europe/London`?'],
    ['europe/london', 'did you mean `Europe/London`?'],
    ['London', 'did you mean `Europe/London`?'],
    ['New York', 'did you mean `America/New_York`?'],
    ['utc', 'did you mean `UTC`?'],
    ['+01:00', 'Write a name such as Europe/London or UTC.'],
    ['the time at my desk', 'Write a name such as Europe/London or UTC.'],
  ])('cannot be %s: %s', (name, fix) => {
    expect(timezoneFault(name)).toEqual({ message: `There is no time zone \`${name}\`.`, fix });
  });
});
