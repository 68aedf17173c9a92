import { WeirError } from '@weir/core';
import type { OpenPositionsRequest, OpenPositionsResponse } from '@weir/rpc';
import { withinDeadline } from './deadline';
import { streamDestination, tellOfStream, type StreamDependencies } from './stream-destination';

/**
 * Where a stream stands in its destination. Partitions that have no position yet get the one given; the others keep theirs. What its tables have noted of rows and nobody has told the quarantine, because whoever committed it
 * died, is told now.
 */
export async function openPositions(deps: StreamDependencies, request: OpenPositionsRequest, signal: AbortSignal): Promise<OpenPositionsResponse> {
  const { cluster, topic, start } = request;
  const wrong = start.find(({ partition, next, greatestTimestamp }) => partition < 0 || next < 0 || greatestTimestamp < 0);
  if (wrong) throw new WeirError({ code: 'INVALID_VALUE', message: `${wrong.next} is no offset at which partition ${wrong.partition} of ${topic} could begin.` });
  return withinDeadline(signal, async (bounded) => {
    const stream = await streamDestination(deps, request, bounded);
    const { context, destination } = stream;
    const stored = await destination.openPositions({ pipeline: context.pipeline, cluster, topic }, start, bounded);
    await tellOfStream(deps, stream, bounded);
    return { positions: stored.map(({ start: began, ...position }) => ({ position, start: began })) };
  });
}
