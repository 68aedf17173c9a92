import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WeirError } from '@weir/core';
import { connect } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { MAX_LIMIT, parseLimit } from '../../limit';
import { action, colour, print, printJson } from '../../output';
import { readReport } from '../../report/read-report';
import { reportPage } from '../../report/report-page';
import { reportLines } from '../../report/report-table';

interface Options {
  readonly limit: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('report')
    .argument('<pipeline>', 'its name')
    .description('The quality of a pipeline over its runs: scores, rows, failing rules, freshness; as tables, JSON, or a page with charts.')
    .option('--limit <number>', `the newest so many runs, up to ${MAX_LIMIT}`, '50')
    .option('--html <file>', 'write one HTML page that needs nothing else')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  weir runs report retail\n  weir runs report retail --limit 200 --html report.html\n  weir runs report retail --json | jq .failing\n\nThe score of a run is passed checks ÷ all checks × 100; a run without checks has none. Freshness is the time from the end of an interval to its rows being loaded.')
    .action(action(report));
}

async function report(pipeline: string, { limit, html, json }: Options): Promise<void> {
  const most = parseLimit(limit);
  const platform = await platformState();
  const clients = connect({ metadata: platform.services.metadata });
  try {
    const found = await readReport(clients, { pipeline, limit: most, now: Date.now() });
    if (html !== undefined) await write(resolve(html), reportPage(found));
    if (json) printJson(found);
    else print(...reportLines(found), ...(html === undefined ? [] : ['', `  ${colour.good('written')} ${resolve(html)}`]));
  } finally {
    clients.close();
  }
}

async function write(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    throw new WeirError({ code: 'INVALID_VALUE', place: '--html', message: `The page cannot be written to ${file}: ${(error as Error).message}.`, fix: 'Name a file in a folder that exists.' }, { cause: error });
  }
}
