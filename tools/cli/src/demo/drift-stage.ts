import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError, isWeirError } from '@weir/core';
import type { RunStartWord } from '@weir/orchestrator';
import type { ApplyResponse, Clients, GetRunResponse } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';
import { changeLines } from '../commands/apply';
import { checkFolder, printProblems } from '../definition/check-folder';
import { isBreaking } from '../definition/contract-lines';
import { colour, print } from '../output';
import { findRun } from '../run-find';
import { checkRunInput } from '../run-start';
import { runTraced } from '../run-to-end';
import type { Temporal } from '../temporal';
import { assertEqual, type Comparison } from './comparison';
import { DriftFolder } from './drift-folder';
import { runLines } from './drift-run';
import { cleanDays, writeSheet, type Sheet } from './drift-sheet';
import { Ledger } from './ledger';
import { wrapped } from './wrapped';

const NAME = 'retail_drift';
/** How often the demo runs on one home: each time is a pipeline of its own, because what one published is there for good. */
const MAX_TIMES = 100;
/** From Wednesday to Wednesday; the shop is closed on Saturday. */
const CALENDAR_DAYS = 8;
const DAY_MS = 86_400_000;
const APPLY_TIMEOUT_MS = 60_000;

/** Characters of the labels on the left, and of the lines beside them in a terminal of 100. */
const LABEL = 16;
const WIDTH = 98 - LABEL;

/** What the steps of the demo play on: a copy of examples/retail, its days, a platform to apply and run it on, and the warehouse to count in. */
export class DriftStage {
  /** Texts and numbers that were what was expected. */
  compared = 0;

  private constructor(
    private readonly clients: Clients,
    private readonly temporal: Temporal,
    readonly ledger: Ledger,
    /** Of the pipeline, and of its schema. */
    readonly name: string,
    readonly folder: DriftFolder,
    /** Days that keep the contract, by date. */
    private readonly days: ReadonlyMap<string, Sheet>,
  ) {}

  /** Copies the example and generates its days below the platform's home. Throws NOT_POSSIBLE where the demo ran too often there. */
  static async open({ home, warehouse }: PlatformState, clients: Clients, temporal: Temporal): Promise<DriftStage> {
    const name = await freeName(clients);
    const path = join(home, 'demo', name);
    const folder = await DriftFolder.make(path, name);
    const generated = join(path, 'generated');
    const days = await cleanDays(generated, CALENDAR_DAYS);
    await rm(generated, { recursive: true });
    return new DriftStage(clients, temporal, new Ledger(warehouse), name, folder, days);
  }

  /** A day as the contract wants it. */
  day(date: string): Sheet {
    const sheet = this.days.get(date);
    if (!sheet) throw new WeirError({ code: 'INTERNAL', place: date, message: `The demo has no day ${date}; it has ${[...this.days.keys()].join(', ')}.` });
    return sheet;
  }

  /** Lets a day's file arrive. */
  async arrive(date: string, sheet: Sheet): Promise<void> {
    await writeSheet(this.folder.data, date, sheet);
  }

  title(text: string): void {
    print('', colour.strong(text));
  }

  /** Lines under a label, which stands once. Long ones are wrapped. */
  say(label: string, ...lines: readonly string[]): void {
    print(...lines.flatMap((line) => wrapped(line, WIDTH)).map((line, at) => `  ${colour.faint((at === 0 ? label : '').padEnd(LABEL))}${line}`));
  }

  /** Applies the folder, and says what changes beside the texts of models; of the first version all is new. Throws what apply throws. */
  async apply(): Promise<void> {
    const { changes, version } = await this.ask(false);
    const told = version === 1 ? [] : changes.filter(({ subject }) => !/^model .* (sql|columns)$/.test(subject)).flatMap((change) => changeLines(change));
    this.say('weir apply', ...told.map((line) => line.trim()), `${this.name} version ${version}`);
  }

  /** What apply would do. */
  async dryRun(): Promise<ApplyResponse & { readonly breaking: boolean }> {
    const answer = await this.ask(true);
    return { ...answer, breaking: isBreaking({ ...answer, compiles: true }) };
  }

  private async ask(dryRun: boolean): Promise<ApplyResponse> {
    const checked = await checkFolder(this.folder.path, {});
    if ('problems' in checked) {
      printProblems(checked.problems, false);
      throw new WeirError({ code: 'INTERNAL', place: this.folder.path, message: 'The definition of the demo does not compile; what is wrong stands above.' });
    }
    return this.clients.definitions.apply({ files: [...checked.files], root: checked.root, dryRun }, { timeoutMs: APPLY_TIMEOUT_MS });
  }

  /** Runs a day, or without one only delivers, to the end and says what came of it. */
  async run(date: string | undefined, from?: RunStartWord): Promise<GetRunResponse> {
    const interval = date && `${date}/${new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10)}`;
    const input = await checkRunInput(this.clients, this.name, { interval, from });
    const { runId } = await runTraced(this.temporal, input, { json: true });
    const answer = await findRun(this.clients, runId);
    if (!answer?.run) throw new WeirError({ code: 'INTERNAL', place: runId, message: `Metadata has no record of a run of ${this.name}.` });
    this.say(from === undefined ? 'weir run' : `… from ${from}`, ...runLines(answer));
    return answer;
  }

  /** Throws INTERNAL where something is not as it was written down. */
  check(place: string, comparisons: readonly Comparison[]): void {
    assertEqual(comparisons, `${this.name} ${place}`);
    this.compared += comparisons.length;
  }

  close(): Promise<void> {
    return this.ledger.close();
  }
}

async function freeName({ definitions }: Clients): Promise<string> {
  for (let time = 1; time <= MAX_TIMES; time += 1) {
    const name = time === 1 ? NAME : `${NAME}_${time}`;
    try {
      await definitions.getDefinition({ pipeline: name, version: 0 });
    } catch (error) {
      if (isWeirError(error) && error.code === 'PIPELINE_NOT_FOUND') return name;
      throw error;
    }
  }
  throw new WeirError({ code: 'NOT_POSSIBLE', place: NAME, message: `The demo ran ${MAX_TIMES} times on this home.`, fix: 'Set WEIR_HOME to a new folder and run it there.' });
}
