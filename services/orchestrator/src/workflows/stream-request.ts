import { invalid, readFlag, readObject, readPipeline } from './read-input';

/** Members that a stream's consumer group may have. */
export const MAX_CONSUMERS = 64;

/** Input of `pipelineStream`: what the Temporal command line or `weir streams start` gives. */
export interface StreamRequest {
  /** Of mode realtime. */
  readonly pipeline: string;
  /** 1 to 64; those of the definition when absent. */
  readonly consumers?: number | undefined;
  /** Go on at the start of the log where stored positions were removed from it; holds for the first start of the consumers only. */
  readonly skipLost?: boolean | undefined;
}

/** Checks an input that came from anywhere. Throws MISSING_KEY, UNKNOWN_KEY or INVALID_VALUE; whether the pipeline is realtime is its definition's to say. */
export function parseStreamRequest(input: unknown): StreamRequest {
  const fields = readObject(input, 'the input', ['pipeline', 'consumers', 'skipLost'], EXAMPLE);
  return { pipeline: readPipeline(fields, EXAMPLE), consumers: readConsumers(fields), skipLost: readFlag(fields, 'skipLost') };
}

/** A number of consumers; undefined when it is absent or null. Throws INVALID_VALUE. */
export function readConsumers({ consumers }: Record<string, unknown>): number | undefined {
  if (consumers === undefined || consumers === null) return undefined;
  if (typeof consumers !== 'number' || !Number.isInteger(consumers) || consumers < 1 || consumers > MAX_CONSUMERS) throw invalid('consumers', consumers, `Give a whole number from 1 to ${MAX_CONSUMERS}.`);
  return consumers;
}

const EXAMPLE = 'Give an object such as {"pipeline":"clicks"} or {"pipeline":"clicks","consumers":2}.';
