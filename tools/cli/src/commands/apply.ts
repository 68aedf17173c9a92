import { type EnvironmentValue, isWeirError } from '@weir/core';
import type { ReconciledSchedule } from '@weir/orchestrator';
import { type ApplyResponse, type Change, type CompareContractResponse, connect } from '@weir/rpc';
import { type PlatformState, platformState } from '@weir/servers';
import type { Command } from 'commander';
import { type CheckedFolder, type RefusedFolder, checkFolder, errorBelow, printProblems, problemsJson } from '../definition/check-folder';
import { contractLines, isBreaking } from '../definition/contract-lines';
import { type ExitCode, action, colour, print, printJson } from '../output';
import { reconcile, reconciledLines } from '../schedule/reconcile';
import { streamIdOf } from '../stream/find-stream';
import { needSource, serversOf } from '../stream/need-kafka';
import { lookUp, withTemporal } from '../temporal';
import { localZone } from '../time-words';

interface Options {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Compiling on the other side takes as long as here: seconds for hundreds of models. */
const TIMEOUT_MS = 60_000;

export function register(program: Command): void {
  program
    .command('apply')
    .argument('<dir>', 'folder with pipeline.yaml')
    .description('Stores a pipeline as its next version and shows what changes; runs, its schedule and its stream take it from then on. Starts the servers that its source needs.')
    .option('--dry-run', 'only say what would change, and who reads what the contract changes; ends with 1 where it breaks')
    .option('--json', 'the answer as JSON')
    .addHelpText('after', '\nExamples:\n  weir apply examples/hello\n  weir apply examples/hello --dry-run')
    .action(action(apply));
}

async function apply(folder: string, options: Options): Promise<ExitCode> {
  const json = options.json === true;
  const dryRun = options.dryRun === true;
  const checked = await checkFolder(folder, process.env);
  if ('problems' in checked) return refused(folder, checked, { json, dryRun });
  const platform = await platformState();
  const clients = connect(platform.services);
  try {
    const answer = await clients.definitions.apply({ files: [...checked.files], root: checked.root, dryRun }, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => throwBelow(folder, error));
    if (!json) show(answer, checked.used, folder, dryRun);
    // The definition is stored: whatever becomes of its schedule now, the orchestrator brings it about when it starts.
    const reconciled = dryRun ? [] : await reconcileWhereItAnswers(platform, answer.pipeline);
    if (!json) for (const line of reconciledLines(reconciled, { now: Date.now(), zone: localZone() })) print(line);
    if (!dryRun) await needSource(platform.home, checked.definition, json);
    const goesOver = !dryRun && answer.changes.length > 0 && (await hasStream(platform, answer.pipeline));
    if (json) printJson({ ...answer, dryRun, environment: checked.used, schedules: reconciled, servers: serversOf(checked.definition), stream: goesOver });
    else if (goesOver) print(`  The stream of ${answer.pipeline} goes over to version ${answer.version}.`);
    return dryRun && isBreaking({ ...answer, compiles: true }) ? 1 : 0;
  } finally {
    clients.close();
  }
}

/** A dry run of a folder that does not compile still says what its contract changes: models may lack just that. */
async function refused(folder: string, { problems, promised }: RefusedFolder, { json, dryRun }: { readonly json: boolean; readonly dryRun: boolean }): Promise<ExitCode> {
  const compared = dryRun && promised ? await compare(promised) : undefined;
  if (!compared || compared.contract.length === 0) {
    printProblems(problems, json);
    return 2;
  }
  const diff = { ...compared, compiles: false };
  if (json) printJson({ ...compared, dryRun, problems: problemsJson(problems) });
  else {
    print(...contractLines(diff, folder), '');
    printProblems(problems, false);
  }
  return isBreaking(diff) ? 1 : 2;
}

/** Undefined where no platform can say: the problems are there without it. */
async function compare({ files, root }: Pick<CheckedFolder, 'files' | 'root'>): Promise<CompareContractResponse | undefined> {
  const platform = await platformState().catch(() => undefined);
  if (!platform) return undefined;
  const clients = connect(platform.services);
  try {
    return await clients.definitions.compareContract({ files: [...files], root }, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    if (isWeirError(error) && error.code === 'UNAVAILABLE') return undefined;
    throw error;
  } finally {
    clients.close();
  }
}

function throwBelow(folder: string, error: unknown): never {
  if (!isWeirError(error) || error.code !== 'CONTRACT_INCOMPATIBLE' || error.place === undefined) throw error;
  throw errorBelow(folder, error, error.place);
}

/** Undefined when Temporal or the orchestrator is not there; throws what Temporal says of the schedule itself. */
async function reconcileWhereItAnswers(platform: PlatformState, pipeline: string): Promise<readonly ReconciledSchedule[] | undefined> {
  try {
    return await withTemporal(platform, (temporal) => reconcile(temporal, pipeline));
  } catch (error) {
    if (isWeirError(error) && error.code === 'UNAVAILABLE') return undefined;
    throw error;
  }
}

/** Whether a stream of the pipeline is open: reconciling told it of the version. Where Temporal does not answer nobody knows. */
async function hasStream(platform: PlatformState, pipeline: string): Promise<boolean> {
  const found = await withTemporal(platform, (temporal) => lookUp(temporal, { workflowId: streamIdOf(pipeline) })).catch(() => undefined);
  return found?.open === true;
}

function show(answer: ApplyResponse, used: readonly EnvironmentValue[], folder: string, dryRun: boolean): void {
  for (const { name, value } of used) print(`  ${colour.faint(`\${env:${name}} =`)} ${value}`);
  for (const change of answer.changes) print(...changeLines(change));
  for (const warning of answer.warnings) print(`  ${colour.doubt('Warning')} ${warning}`);
  if (dryRun && answer.contract.length > 0) print(...contractLines({ ...answer, compiles: true }, folder));
  const version = `${colour.strong(answer.pipeline)} version ${answer.version}`;
  if (answer.changes.length === 0) print(`  Nothing changes: ${version} is the same.`);
  else print(dryRun ? `  Dry run of ${colour.strong(answer.pipeline)}: nothing was stored.` : `  ${colour.good('Applied:')} ${version}.`);
}

/** A change as lines: `+ model gold.x`, `- model gold.y`, `~ retries  2 → 3`; texts of several lines by their differing lines. */
export function changeLines({ kind, subject, before, after }: Pick<Change, 'kind' | 'subject' | 'before' | 'after'>): string[] {
  if (kind === 'added') return [`  ${colour.good(`+ ${subject}`)}${after ? `  ${colour.faint(after.split('\n', 1)[0] ?? '')}` : ''}`];
  if (kind === 'removed') return [`  ${colour.bad(`- ${subject}`)}${before ? `  ${colour.faint(before.split('\n', 1)[0] ?? '')}` : ''}`];
  if (!before.includes('\n') && !after.includes('\n')) return [`  ${colour.doubt(`~ ${subject}`)}  ${before || 'none'} → ${after || 'none'}`];
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  return [
    `  ${colour.doubt(`~ ${subject}`)}`,
    ...old.filter((line) => !fresh.includes(line)).map((line) => `      ${colour.bad(`- ${line}`)}`),
    ...fresh.filter((line) => !old.includes(line)).map((line) => `      ${colour.good(`+ ${line}`)}`),
  ];
}
