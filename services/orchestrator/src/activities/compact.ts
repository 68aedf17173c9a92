import type { CompactedDataset } from '@weir/rpc';
import { attemptStep, type Deps } from './attempt';

export interface CompactInput {
  readonly pipeline: string;
  /** Whose files: bronze is quality's, silver and gold are transform's. */
  readonly of: 'bronze' | 'models';
  readonly settleMs: number;
  readonly dryRun: boolean;
}

/** Has a service rewrite a pipeline's published files into few sorted ones; repeating it does what is left. */
export function compact(deps: Deps) {
  return ({ of, ...request }: CompactInput): Promise<{ datasets: readonly CompactedDataset[] }> =>
    attemptStep('compact', { pipeline: request.pipeline }, (call) => {
      const { quality, transform } = deps.clients;
      return call.result(of === 'bronze' ? quality.compact(request, call.options) : transform.compact(request, call.options));
    });
}
