import { alert } from './alert';
import type { Deps } from './attempt';
import { audit } from './audit';
import { awaitPause } from './await-pause';
import { awaitRuns } from './await-run';
import { begin } from './begin';
import { cancelSelf } from './cancel-self';
import { collectGarbage } from './collect-garbage';
import { compact } from './compact';
import { consume } from './consume';
import { extract } from './extract';
import { finish } from './finish';
import { listHeads } from './list-heads';
import { listPipelines } from './list-pipelines';
import { load } from './load';
import { pinStream } from './pin-stream';
import { planArchive } from './plan-archive';
import { planBackfill } from './plan-backfill';
import { planReplay } from './plan-replay';
import { publish } from './publish';
import { recordBackfill } from './record-backfill';
import { recordReplay } from './record-replay';
import { reconcileSchedules } from './reconcile-schedules';
import { recordRefresh, requestRefresh } from './refresh';
import { transform } from './transform';
import { validate } from './validate';

/** The activities of a worker, by the names that workflows and histories know. */
export function createActivities(deps: Deps) {
  return {
    alert: alert(deps),
    audit: audit(deps),
    awaitPause: awaitPause(),
    awaitRuns: awaitRuns(),
    begin: begin(deps),
    cancelSelf: cancelSelf(),
    collectGarbage: collectGarbage(deps),
    compact: compact(deps),
    consume: consume(deps),
    extract: extract(deps),
    finish: finish(deps),
    listHeads: listHeads(deps),
    listPipelines: listPipelines(deps),
    load: load(deps),
    pinStream: pinStream(deps),
    planArchive: planArchive(deps),
    planBackfill: planBackfill(deps),
    planReplay: planReplay(deps),
    publish: publish(deps),
    recordBackfill: recordBackfill(deps),
    recordReplay: recordReplay(deps),
    reconcileSchedules: reconcileSchedules(deps),
    recordRefresh: recordRefresh(deps),
    requestRefresh: requestRefresh(),
    transform: transform(deps),
    validate: validate(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
