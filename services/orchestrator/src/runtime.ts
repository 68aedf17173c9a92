import { Runtime, type LogLevel, type LogMetadata } from '@temporalio/worker';
import type { Logger } from '@weir/platform';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies Record<LogLevel, keyof Logger>;

/** Makes Temporal's SDK write into this service's log and leave signals to it. Call it once, before the first connection. */
export function installRuntime(log: Logger): void {
  const write = (level: LogLevel, message: string, meta?: LogMetadata) => log[LEVELS[level]]({ ...meta, taskToken: undefined }, message);
  Runtime.install({
    logger: {
      log: write,
      trace: (message, meta) => write('TRACE', message, meta),
      debug: (message, meta) => write('DEBUG', message, meta),
      info: (message, meta) => write('DEBUG', message, meta),
      warn: (message, meta) => write('WARN', message, meta),
      error: (message, meta) => write('ERROR', message, meta),
    },
    shutdownSignals: [],
  });
}
