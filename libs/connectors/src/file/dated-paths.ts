const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The paths of one partition, in order: one for each day (`{date}`) or hour (`{hour}`) of it that the path can name; a grain of minutes (`{minute}`) has one, named after its start. `length`: of a grain, in milliseconds. */
export function datedPaths(path: string, partition: string, length: number): string[] {
  const step = path.includes('{minute}') ? length : path.includes('{hour}') ? HOUR_MS : DAY_MS;
  const start = Date.parse(partition);
  const count = Math.max(1, Math.floor(length / step));
  return Array.from({ length: count }, (_, at) => pathAt(path, new Date(start + at * step).toISOString()));
}

function pathAt(path: string, instant: string): string {
  return path.replaceAll('{date}', instant.slice(0, 10)).replaceAll('{hour}', instant.slice(0, 13)).replaceAll('{minute}', instant.slice(0, 16).replace(':', '-'));
}
