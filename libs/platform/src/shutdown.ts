import type { Logger } from './log';

/**
 * On SIGTERM or SIGINT: run `stop` once and exit 0; exit 1 when it takes longer than `drainMs`.
 * A second signal does not cut the drain short, because process groups often send two.
 */
export function onShutdown(log: Logger, stop: () => Promise<void>, drainMs = 20_000): void {
  let stopping = false;
  const begin = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'Draining.');
    setTimeout(() => {
      log.error('The drain took too long.');
      process.exit(1);
    }, drainMs).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error }, 'The drain failed.');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => begin('SIGTERM'));
  process.on('SIGINT', () => begin('SIGINT'));
}
