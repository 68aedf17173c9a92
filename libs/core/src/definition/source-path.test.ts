import { resolvePath, sourcePathFault } from './source-path';

describe('source paths', () => {
  test.each([
    ['data/{date}.csv', '1d'],
    ['data/{hour}.csv', '1h'],
    ['data/{date}/{hour}.csv', '6h'],
    ['data/{date}.csv', '7d'],
    ['data/{minute}.csv', '5m'],
    ['data/{date}/{hour}/{minute}.csv', '30m'],
    ['data/*.csv', undefined],
    ['data/**/orders-?.csv', undefined],
    ['one.csv', undefined],
  ])('%j fits a grain of %s', (path, grain) => {
    expect(sourcePathFault(path, grain)).toBeUndefined();
  });

  test.each([
    ['data/{day}.csv', '1d', '`{day}` in `source.path` is unknown.'],
    ['data/{date}.csv', undefined, 'the pipeline has no grain'],
    ['data/orders.csv', '1d', 'does not say which file belongs to which interval of 1d'],
    ['data/{date}.csv', '1h', 'does not say which file belongs to which interval of 1h'],
    ['data/{date}-*.csv', '1d', 'one file per interval'],
    ['data/{hour}.csv', '15m', 'does not say which file belongs to which interval of 15m'],
    ['data/{minute}.csv', '1h', 'has {minute}, but the grain is 1h'],
    ['data/{minute}.csv', '1d', 'has {minute}, but the grain is 1d'],
    ['data/{minute}.csv', undefined, 'the pipeline has no grain'],
    ['a\0b', undefined, 'NUL'],
  ])('%j does not fit a grain of %s', (path, grain, message) => {
    expect(sourcePathFault(path, grain)?.message).toContain(message);
  });

  test.each([
    ['/p/hello', 'data/*.csv', '/p/hello/data/*.csv'],
    ['/p/hello', './data/../x.csv', '/p/hello/x.csv'],
    ['/p/hello', '../../a.csv', '/a.csv'],
    ['/p/hello', '/abs/{date}.csv', '/abs/{date}.csv'],
    ['/p/', '../../../../a.csv', '/a.csv'],
  ])('below %s %s is %s', (root, path, absolute) => {
    expect(resolvePath(root, path)).toBe(absolute);
  });
});
