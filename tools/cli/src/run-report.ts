import { formatError, isErrorCode, leftWords, positionWords, takeWords, type ErrorFields } from '@weir/core';
import { RuleOutcome, StageStatus, type Accounts, type CheckResult, type GetRunResponse, type QuarantinedRow, type RuleCount, type Run, type RunError, type StageRecord } from '@weir/rpc';
import { colour, count, seconds, table } from './output';
import { elapsedMs, intervalWord, kindWord, paintedOutcome, paintedStatus, paintedVerdict, severityWord } from './run-words';
import { cut, printable } from './terminal-text';

/** What `weir run`, `weir runs show` and the demo print about a run, section by section; each gives lines, none when it has nothing to say. */

/** Pipeline, interval, how it ended, how long it took; below it what the run belongs to, and what it waits for where somebody says so. */
export function headline(run: Run, now: number, waiting: readonly string[] = []): string[] {
  const parts = [paintedStatus(run.status), seconds(elapsedMs(run.startedAt, run.endedAt, now)), `${kindWord(run.kind)} run of definition ${run.definitionVersion}`];
  const lines = [`${colour.strong(run.pipeline)} ${intervalWord(run)}  ${parts.join(', ')}`, colour.faint(`run ${run.runId}  workflow ${run.workflowId}`)];
  if (run.retryOf) lines.push(colour.faint(`repeats run ${run.retryOf}`));
  if (run.backfill) lines.push(colour.faint(`part of ${run.backfill}`));
  return [...lines, ...waiting];
}

/** Every attempt of every stage with its rows; failed attempts name their code. */
export function stageTable(stages: readonly StageRecord[]): string[] {
  if (stages.length === 0) return [];
  const columns = [{ title: 'stage' }, ...['rows in', 'rows out', 'quarantined', 'seconds'].map((title) => ({ title, align: 'right' as const })), { title: '' }];
  return [table(columns, stages.map(stageRow))];
}

/** extract copies bytes, and a refresh reads what is published: neither counts rows on its way in. */
const UNCOUNTED_IN: ReadonlySet<string> = new Set(['extract', 'refresh']);

function stageRow(record: StageRecord): string[] {
  const { stage, attempt, status, rowsIn, rowsOut, rowsQuarantined, milliseconds, error } = record;
  const failed = status === StageStatus.FAILED;
  const note = [attempt > 1 ? `attempt ${attempt}` : '', failed ? colour.bad(error?.code ?? 'failed') : ''].filter(Boolean).join(' ');
  return [failed ? colour.bad(stage) : stage, UNCOUNTED_IN.has(stage) ? '–' : count(rowsIn), stage === 'extract' ? '–' : count(rowsOut), rowsQuarantined > 0 ? colour.doubt(count(rowsQuarantined)) : '0', (milliseconds / 1_000).toFixed(2), note];
}

/** Of a source that is read in sequence: what the run took, and where the source stands with it. */
export function takeLines(stages: readonly StageRecord[]): string[] {
  const take = lastAttempts(stages).find((record) => record.stage === 'extract')?.take;
  if (!take) return [];
  return [[`  took ${takeWords(take)}`, `position ${printable(positionWords(take))}`, leftWords(take)].filter(Boolean).join('; ')];
}

/** The tables of every destination that the run brought to its snapshot. */
export function destinationTable(stages: readonly StageRecord[]): string[] {
  const loaded = stages.filter(({ stage, status }) => stage === 'load' && status === StageStatus.SUCCEEDED).flatMap(({ details }) => details);
  if (loaded.length === 0) return [];
  const columns = [{ title: 'table' }, { title: 'rows changed', align: 'right' as const }, { title: 'rows now', align: 'right' as const }, { title: 'seconds', align: 'right' as const }];
  return [table(columns, loaded.map(({ name, rowsIn, rowsOut, milliseconds }) => [name, count(rowsIn), count(rowsOut), (milliseconds / 1_000).toFixed(2)]))];
}

/** Rules of rows that are drawn; the names of new columns among them are the data's. */
const MAX_RULES = 30;

/** Every rule that rows broke, with what became of them. Rows in quarantine have their own table; of others the first one is named. */
export function ruleTable(stages: readonly StageRecord[]): string[] {
  const rules = brokenRules(stages);
  if (rules.length === 0) return [];
  const byTable = rules.some(({ table: demanding }) => demanding !== undefined);
  const columns = [...(byTable ? [{ title: 'table' }] : []), { title: 'rule' }, { title: 'rows', align: 'right' as const }, { title: 'what became of them' }];
  const drawn = rules.slice(0, MAX_RULES);
  const more = rules.length > MAX_RULES ? [`  ${colour.faint(`and ${rules.length - MAX_RULES} more: --json has all`)}`] : [];
  return [table(columns, drawn.map((rule) => ruleRow(rule, byTable))), ...more, ...drawn.flatMap(firstOf)];
}

/** Of each stage what its last attempt counted; of loads, of which every destination has one, all that succeeded. Tables may demand the same under one name. */
export function brokenRules(stages: readonly StageRecord[]): RuleCount[] {
  const loads = stages.filter(({ stage, status }) => stage === 'load' && status === StageStatus.SUCCEEDED);
  const counting = [...lastAttempts(stages).filter(({ stage }) => stage !== 'load'), ...loads];
  // A load whose answer was lost is there twice.
  return [...new Map(counting.flatMap(({ rules }) => rules).map((rule) => [`${rule.table ?? ''} ${rule.rule}`, rule])).values()];
}

function ruleRow({ rule, rows, outcome, table: demanding = '' }: RuleCount, byTable: boolean): string[] {
  return [...(byTable ? [demanding] : []), cut(printable(rule), CUT), count(rows), paintedOutcome(outcome)];
}

function firstOf({ samples: [first], outcome }: RuleCount): string[] {
  return first === undefined || outcome === RuleOutcome.QUARANTINE ? [] : [`    ${colour.faint(printable(first))}`];
}

/** Every check of the last attempt of each judging stage, failed ones first. */
export function checkTable(stages: readonly StageRecord[]): string[] {
  const checks = lastAttempts(stages).flatMap((record) => record.checks);
  if (checks.length === 0) return [];
  const columns = ['check', 'type', 'severity', 'actual', 'threshold', ''].map((title) => ({ title }));
  return [table(columns, checks.toSorted((a, b) => Number(a.passed) - Number(b.passed)).map(checkRow)), ...checks.filter(({ passed, samples }) => !passed && samples.length > 0).flatMap(failingRows)];
}

/** How many rows made a check fail, and which the first of them are. */
function failingRows({ check, failed, rows, samples }: CheckResult): string[] {
  const counted = failed === undefined || rows === undefined ? '' : `: ${count(failed)} of ${count(rows)} rows`;
  return [`  ${colour.faint(`${check}${counted}, such as`)}`, ...samples.map((sample) => `    ${colour.faint(printable(sample))}`)];
}

function checkRow({ check, checkType, severity, passed, actual, threshold, error }: CheckResult): string[] {
  const mark = passed ? colour.good('passed') : severity === 'SEVERITY_CRITICAL' || error ? colour.bad('failed') : colour.doubt('failed');
  return [check, checkType, severityWord(severity), error ? colour.bad(error) : actual, threshold, mark];
}

/** Of a stage that was tried again what its last attempt says. */
export function lastAttempts(stages: readonly StageRecord[]): StageRecord[] {
  return [...new Map(stages.map((record) => [record.stage, record])).values()];
}

/** Verdict, score and the accounts, which close: read = admitted + duplicate + quarantined + filtered. */
export function outcome({ verdict, score, accounts, snapshot }: Run): string[] {
  const lines: string[] = [];
  const judged = [`verdict ${paintedVerdict(verdict)}`, score === undefined ? '' : `quality score ${score.toFixed(1)} %`, snapshot > 0 ? `snapshot ${snapshot}` : 'nothing published'];
  if (verdict !== 'VERDICT_UNSPECIFIED') lines.push(`  ${judged.filter(Boolean).join(', ')}`);
  if (accounts && accounts.read > 0) lines.push(`  ${accountsLine(accounts)}`);
  return lines;
}

function accountsLine({ read, admitted, duplicate, quarantined, filtered }: Accounts): string {
  return `read ${count(read)} = admitted ${count(admitted)} + duplicate ${count(duplicate)} + quarantined ${count(quarantined)} + filtered ${count(filtered)}`;
}

/** The error in the platform's one form, with the stage it comes from. */
export function errorLines(error: RunError | undefined): string[] {
  if (!error?.code) return [];
  const { code, place, message, fix, samples, stage } = error;
  const fields: ErrorFields = { code: isErrorCode(code) ? code : 'INTERNAL', place: place || undefined, message, fix: fix || undefined, samples };
  const text = formatError(fields).replace(fields.code, `${colour.bad(code)}${stage ? colour.faint(` in ${stage}`) : ''}`);
  return text.split('\n');
}

/** Rows in quarantine: where each stands, what it broke, and its original bytes as far as a line holds them. */
export function quarantineTable(rows: readonly QuarantinedRow[]): string[] {
  if (rows.length === 0) return [];
  const columns = ['quarantined row', 'rules', 'reason', 'original'].map((title) => ({ title }));
  return [table(columns, rows.map(({ file, line, rules, reason, original, originalPath }) => [`${file}:${line}`, rules.join(' '), cut(reason, CUT), originalPath || colour.faint(cut(printable(Buffer.from(original).toString('utf8')), CUT))]))];
}

const CUT = 60;

/** Where to look further. */
export function links({ traceId, workflowId, runId }: Pick<Run, 'traceId' | 'workflowId' | 'runId'>, to: { jaeger: string; temporalUi: string; namespace: string }): string[] {
  const lines: string[] = [];
  if (traceId) lines.push(`  trace     ${to.jaeger}/trace/${traceId}`);
  if (to.temporalUi) lines.push(`  Temporal  ${to.temporalUi}/namespaces/${to.namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/history`);
  return lines;
}

/** The whole report; sections without content are left out. `waiting`: what an open run waits for. */
export function runReport({ run, stages }: GetRunResponse, quarantined: readonly QuarantinedRow[], now: number, waiting: readonly string[] = []): string[] {
  if (!run) return [];
  const sections = [headline(run, now, waiting), stageTable(stages), takeLines(stages), destinationTable(stages), ruleTable(stages), checkTable(stages), outcome(run), quarantineTable(quarantined), errorLines(run.error)];
  return sections.filter((lines) => lines.length > 0).flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
}
