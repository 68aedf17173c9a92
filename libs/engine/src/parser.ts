import { openLocked, type Engine } from './engine';

let shared: Promise<Engine> | undefined;

/** Gives `body` an engine that has no data and no files, for parsing only; all callers of the process share one. */
export async function withParser<T>(body: (engine: Engine) => Promise<T>): Promise<T> {
  shared ??= openLocked({ inputs: [], memoryLimit: '128MB', threads: 1 }).then((opened) => opened.engine);
  return body(await shared);
}
