import { cronFault, ticksOf } from './cron';

const texts = (ticks: readonly number[]) => ticks.map((tick) => new Date(tick).toISOString().slice(0, 16));

describe('a cron', () => {
  test.each(['0 * * * *', '*/5 * * * *', '5,35 6-18/2 * * *', '0 0 1,15 JAN-jun *', '0 0 * * mon-FRI', '0 0 * * 7', '0 0 * * 5-7', '0 0 29 2 *', ' 00  05 * * 0 ', '10-50/20,59 23 31 12 *', '0-59/59 0-23/23 * * sun'])('%j is one', (cron) => {
    expect(cronFault(cron)).toBeUndefined();
  });

  test.each([
    ['', 'five fields'],
    ['* * * *', 'five fields'],
    ['0 0 * * * *', 'five fields'],
    ['@hourly', 'five fields'],
    ['60 * * * *', 'The minute of'],
    ['-1 * * * *', 'The minute of'],
    ['a * * * *', 'The minute of'],
    ['1,,2 * * * *', 'The minute of'],
    ['*/0 * * * *', 'The minute of'],
    ['*/70 * * * *', 'The minute of'],
    ['0/20 * * * *', 'The minute of'],
    ['0 24 * * *', 'The hour of'],
    ['0 18-6 * * *', 'The hour of'],
    ['0 0 0 * *', 'The day of the month of'],
    ['0 0 32 * *', 'The day of the month of'],
    ['0 0 L * *', 'The day of the month of'],
    ['0 0 15W * *', 'The day of the month of'],
    ['0 0 ? * *', 'The day of the month of'],
    ['0 0 * 13 *', 'The month of'],
    ['0 0 * jannuary *', 'The month of'],
    ['0 0 * * 8', 'The day of the week of'],
    ['0 0 * * fri-mon', 'The day of the week of'],
    ['0 0 * * 1#2', 'The day of the week of'],
    ['0 0 * * jan', 'The day of the week of'],
    ['0 0 13 * fri', 'days of the month and days of the week'],
    ['0 0 31 2 *', 'a day that never comes'],
    ['0 0 31 4,6 *', 'a day that never comes'],
  ])('%j is none: %s', (cron, message) => {
    expect(cronFault(cron)?.message).toContain(message);
    expect(cronFault(cron)?.fix).toMatch(/^[A-Z].*\.$/);
  });

  // As Temporal's own ListScheduleMatchingTimes gave them (1.29.1).
  test.each([
    ['30 2 * * *', 'America/New_York', 8, ['2024-03-08T07:30', '2024-03-09T07:30', '2024-03-11T06:30', '2024-03-12T06:30']],
    ['30 1 * * *', 'Europe/London', 29, ['2024-03-29T01:30', '2024-03-30T01:30', '2024-04-01T00:30', '2024-04-02T00:30']],
    ['0 0 * * 5-7', 'UTC', 2, ['2024-03-02T00:00', '2024-03-03T00:00', '2024-03-08T00:00', '2024-03-09T00:00']],
    ['0 5 1-7/2 mar *', 'UTC', 1, ['2024-03-01T05:00', '2024-03-03T05:00', '2024-03-05T05:00', '2024-03-07T05:00']],
  ])('ticks of %j in %s are those of the server', (cron, timezone, day, expected) => {
    const from = Date.UTC(2024, 2, day);
    expect(texts(ticksOf(cron, timezone, 100).filter((tick) => tick >= from)).slice(0, 4)).toEqual(expected);
  });
});
