import type { Command } from 'commander';
import * as apply from './apply';
import * as backfillsCancel from './backfills/cancel';
import * as backfillsList from './backfills/list';
import * as backfillsPause from './backfills/pause';
import * as backfillsPlan from './backfills/plan';
import * as backfillsResume from './backfills/resume';
import * as backfillsShow from './backfills/show';
import * as backfillsStart from './backfills/start';
import * as check from './check';
import * as datasetsCompact from './datasets/compact';
import * as datasetsFiles from './datasets/files';
import * as datasetsGc from './datasets/gc';
import * as datasetsList from './datasets/list';
import * as datasetsSuggest from './datasets/suggest';
import * as demo from './demo';
import * as doctor from './doctor';
import * as down from './down';
import * as generateClickstream from './generate/clickstream';
import * as generateRetailRealtime from './generate/retail-realtime';
import * as init from './init';
import * as quarantineDrop from './quarantine/drop';
import * as quarantineList from './quarantine/list';
import * as quarantineReplay from './quarantine/replay';
import * as quarantineShow from './quarantine/show';
import * as preview from './preview';
import * as run from './run';
import * as runsApprove from './runs/approve';
import * as runsCancel from './runs/cancel';
import * as runsList from './runs/list';
import * as runsPause from './runs/pause';
import * as runsReport from './runs/report';
import * as runsResume from './runs/resume';
import * as runsRetry from './runs/retry';
import * as runsShow from './runs/show';
import * as runsTrace from './runs/trace';
import * as schedulesList from './schedules/list';
import * as schedulesPause from './schedules/pause';
import * as schedulesResume from './schedules/resume';
import * as schedulesShow from './schedules/show';
import * as sourcesDiscover from './sources/discover';
import * as sourcesReset from './sources/reset';
import * as sourcesTest from './sources/test';
import * as status from './status';
import * as streamsList from './streams/list';
import * as streamsPause from './streams/pause';
import * as streamsResume from './streams/resume';
import * as streamsScale from './streams/scale';
import * as streamsShow from './streams/show';
import * as streamsStart from './streams/start';
import * as streamsStop from './streams/stop';
import * as supervise from './supervise';
import * as test from './test';
import * as up from './up';

interface CommandModule {
  /** Adds one command to its parent: the program for a top-level verb, the noun's command for `weir <noun> <verb>`. */
  register(parent: Command): void;
}

interface Noun {
  readonly name: string;
  readonly description: string;
  readonly verbs: readonly CommandModule[];
}

/** Top-level verbs, in the order of `weir --help`. A new verb: its file beside this one, one import, one entry. */
const VERBS: readonly CommandModule[] = [init, up, down, status, doctor, check, test, preview, apply, run, demo, supervise];

/** Nouns and their verbs: `weir <noun> <verb>` lives in commands/<noun>/<verb>.ts. */
const NOUNS: readonly Noun[] = [
  { name: 'runs', description: 'Runs: what came of them, and a hand on those that are open.', verbs: [runsList, runsShow, runsReport, runsTrace, runsPause, runsResume, runsCancel, runsRetry, runsApprove] },
  { name: 'backfills', description: 'Backfills: many intervals as one piece of work.', verbs: [backfillsPlan, backfillsStart, backfillsList, backfillsShow, backfillsPause, backfillsResume, backfillsCancel] },
  { name: 'schedules', description: 'Schedules: when pipelines run by themselves.', verbs: [schedulesList, schedulesShow, schedulesPause, schedulesResume] },
  { name: 'streams', description: 'Streams: realtime pipelines at work, and a hand on them.', verbs: [streamsList, streamsShow, streamsStart, streamsPause, streamsResume, streamsStop, streamsScale] },
  { name: 'quarantine', description: 'Quarantine: rows that a contract did not admit, and their way back.', verbs: [quarantineList, quarantineShow, quarantineReplay, quarantineDrop] },
  { name: 'datasets', description: 'Datasets: what is published, what it speaks for, and what no longer is needed.', verbs: [datasetsList, datasetsFiles, datasetsSuggest, datasetsCompact, datasetsGc] },
  { name: 'sources', description: 'Sources: what pipelines read, before they read it, and from the beginning once more.', verbs: [sourcesTest, sourcesDiscover, sourcesReset] },
  { name: 'generate', description: 'Records for the realtime examples, sent to a topic of the platform.', verbs: [generateClickstream, generateRetailRealtime] },
];

/** Adds every command to the program. */
export function registerCommands(program: Command): void {
  for (const verb of VERBS) verb.register(program);
  for (const noun of NOUNS) {
    const parent = program.command(noun.name).description(noun.description);
    for (const verb of noun.verbs) verb.register(parent);
  }
}
