import { inspect } from 'node:util';
import { JOBS } from './jobs';

async function main(): Promise<number> {
  const [name = '', job] = process.argv.slice(2);
  const run = Object.hasOwn(JOBS, name) ? JOBS[name] : undefined;
  if (run) {
    process.stdout.write(JSON.stringify(await run(JSON.parse(job ?? '{}'))));
    return 0;
  }
  const { benchCommand } = await import('./command');
  return benchCommand();
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    // With its causes: that of a run that failed says why.
    process.stderr.write(`${inspect(error)}\n`);
    process.exitCode = 1;
  },
);
