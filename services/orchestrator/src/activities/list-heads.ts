import { attemptStep, type Deps } from './attempt';

export interface HeadsInput {
  readonly pipeline: string;
}

/** How far all destinations of a pipeline have come. */
export interface Heads {
  /** Every table holds this snapshot or a later one. Where there is no table, nobody needs an older one than the newest. */
  readonly passedSnapshot: number;
}

/** Asks the destinations of a pipeline where their tables stand. */
export function listHeads(deps: Deps) {
  return (input: HeadsInput): Promise<Heads> =>
    attemptStep('heads', input, async (call) => {
      const { heads } = await deps.clients.load.listHeads({ pipeline: input.pipeline }, call.options);
      return { passedSnapshot: heads.reduce((least, { snapshot }) => Math.min(least, snapshot), Number.MAX_SAFE_INTEGER) };
    });
}
