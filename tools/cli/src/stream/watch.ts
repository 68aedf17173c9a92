import { setTimeout as sleep } from 'node:timers/promises';
import { print } from '../output';
import { Redraw } from '../redraw';
import { streamLine, streamLines } from './stream-lines';
import type { StreamEye, StreamView } from './view';

const REDRAW_MS = 1_000;
const LINE_MS = 5_000;

/** Shows a stream until `signal`, or until it has ended: a picture drawn anew every second in a terminal, elsewhere a line every five. Gives what was seen last. */
export async function watchStream(eye: StreamEye, signal: AbortSignal): Promise<StreamView | undefined> {
  const picture = process.stdout.isTTY ? new Redraw(process.stdout) : undefined;
  let view: StreamView | undefined;
  try {
    while (!signal.aborted && view?.open !== false) {
      view = await eye.look();
      if (picture) picture.show(streamLines(view, Date.now()));
      else print(streamLine(view, Date.now()));
      // It rejects when the signal ends it, which the loop looks at.
      await sleep(picture ? REDRAW_MS : LINE_MS, undefined, { signal }).catch(() => undefined);
    }
    return view;
  } finally {
    picture?.close();
  }
}
