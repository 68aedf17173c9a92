import type { Deps } from './attempt';
import { audit } from './audit';
import { begin } from './begin';
import { extract } from './extract';
import { finish } from './finish';
import { load } from './load';
import { publish } from './publish';
import { recordRefresh, requestRefresh } from './refresh';
import { transform } from './transform';
import { validate } from './validate';

/** The activities of a worker, by the names that workflows and histories know. */
export function createActivities(deps: Deps) {
  return {
    audit: audit(deps),
    begin: begin(deps),
    extract: extract(deps),
    finish: finish(deps),
    load: load(deps),
    publish: publish(deps),
    recordRefresh: recordRefresh(deps),
    requestRefresh: requestRefresh(),
    transform: transform(deps),
    validate: validate(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
