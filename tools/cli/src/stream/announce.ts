import type { Temporal } from '../temporal';
import { isNotOpen } from '../temporal-failure';
import { streamIdOf } from './find-stream';

/** Tells the open stream of a pipeline that a version of its definition was applied, which it then goes over to. Gives whether there is one. */
export async function announceVersion({ asking }: Temporal, pipeline: string, version: number): Promise<boolean> {
  try {
    await asking.workflow.getHandle(streamIdOf(pipeline)).signal('definitionApplied', { version });
    return true;
  } catch (error) {
    if (isNotOpen(error)) return false;
    throw error;
  }
}
