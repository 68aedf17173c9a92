import { count } from '../output';
import { endComparisons } from './drift-run';
import { sumsOf } from './drift-sheet';
import type { DriftStage } from './drift-stage';
import type { DriftStep } from './drift-steps';
import { checkLines, fingerprint } from './drift-tables';

/** A row of the table at the end. */
export interface Told {
  readonly date: string;
  readonly change: string;
  readonly policy: string;
  /** Lines of the day in the table of lines. */
  readonly rows: number;
  readonly outcome: string;
}

/** Lets a day arrive under the contract that meets it, runs it, and holds what came of it against what was written down. Throws INTERNAL where they differ. */
export async function playDay(stage: DriftStage, step: DriftStep): Promise<Told> {
  const { date, title, data, contract, end, admitted, lines, fact, more, told } = step;
  stage.title(`${date}  ${title}`);
  stage.say('the data', data);
  stage.say('the contract', ...contract.lines);
  await stage.folder.edit(contract.edits);
  if (contract.edits.length > 0) await stage.apply();
  const sheet = step.change(stage.day(date));
  await stage.arrive(date, sheet);
  const before = end.error === undefined ? undefined : await fingerprint(stage);
  stage.check(date, endComparisons(await stage.run(date), end));
  const rows = await checkLines(stage, { date, lines, sums: sumsOf(stage.day(date), admitted), fact });
  if (before !== undefined) stage.check(date, [{ what: 'all tables', expected: before, found: await fingerprint(stage) }]);
  stage.say('the warehouse', `${count(rows)} lines of the day, ${count(lines)} in all${fact ? `; ${count(fact.expected)} ${fact.what}` : ''}${before === undefined ? '' : '; every table is as it was'}`);
  if (more) stage.say('', more(stage.name));
  return { date, ...told, rows };
}
