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
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
