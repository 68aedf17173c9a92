import type { StreamProgress, StreamResumeInput, StreamScaleInput, StreamWord } from '@weir/orchestrator';
import { platformState } from '@weir/servers';
import { operator, update, withTemporal, type Temporal } from '../temporal';
import { isNotOpen } from '../temporal-failure';
import { findStream, streamNotFound, type OpenStream } from './find-stream';

/** Puts a hand on a stream and does `after` with where it then stands. Throws STREAM_NOT_FOUND, and NOT_POSSIBLE when its state does not allow it. */
export async function onStream<T>(
  text: string,
  word: StreamWord,
  input: StreamResumeInput & StreamScaleInput,
  after: (progress: StreamProgress, stream: OpenStream, temporal: Temporal) => T | Promise<T>,
): Promise<T> {
  return withTemporal(await platformState(), async (temporal) => {
    const stream = await findStream(temporal, text);
    const progress = await update<StreamProgress>(temporal, { workflowId: stream.workflowId }, word, { ...input, by: operator() }).catch((error: unknown) => {
      throw isNotOpen(error) ? streamNotFound(stream.pipeline, true) : error;
    });
    return after(progress, stream, temporal);
  });
}
