import type { Deps } from './attempt';

/** Something about a stream that a person has to look at. */
export interface Alert {
  readonly pipeline: string;
  readonly what: 'paused' | 'failed' | 'archive-lost' | 'archive-behind';
  /** Of the error behind it; absent for an archive that is only slow. */
  readonly code?: string | undefined;
  readonly reason: string;
}

const SENTENCES: Readonly<Record<Alert['what'], string>> = {
  paused: 'A stream was paused by its breaker.',
  failed: 'A stream failed and waits for a person.',
  'archive-lost': 'An archive has lost its position and waits for a person.',
  'archive-behind': 'An archive is behind by half of what its topic keeps, or more.',
};

/** Raises an alert: a line of the log at ERROR. */
export function alert({ log }: Deps) {
  return ({ what, ...rest }: Alert): Promise<void> => {
    log.error({ alert: what, ...rest }, SENTENCES[what]);
    return Promise.resolve();
  };
}
