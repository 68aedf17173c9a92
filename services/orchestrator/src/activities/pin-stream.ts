import { WeirError } from '@weir/core';
import { newestVersion } from '@weir/rpc';
import { attemptStep, type Deps } from './attempt';

export interface PinStreamInput {
  readonly pipeline: string;
}

/** What a stream takes from the newest definition. */
export interface PinnedStream {
  readonly definitionVersion: number;
  readonly consumers: number;
  readonly retries: number;
  readonly retryDelayMs: number;
}

/** The newest definition of a realtime pipeline. Throws PIPELINE_NOT_FOUND, and INVALID_VALUE for a pipeline of another mode. */
export function pinStream(deps: Deps) {
  return ({ pipeline }: PinStreamInput): Promise<PinnedStream> =>
    attemptStep('pin', { pipeline }, async (call) => {
      const { version, definition } = await newestVersion(deps.clients, pipeline, call.options);
      const { mode, stream, policy } = definition;
      if (!stream) throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${pipeline} has the mode \`${mode}\`; only one of mode \`realtime\` has a stream.`, fix: 'Start a run of it with `weir run`, or set `mode: realtime` in pipeline.yaml and apply it.' });
      return { definitionVersion: version, consumers: stream.consumers, retries: policy.retries, retryDelayMs: policy.retryDelayMs };
    });
}
