import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '@weir/servers';
import type { PipelineReport } from './pipeline-report';

/** The report as one HTML page that needs nothing else, not even a network: data, style and the library that draws are in it. */
export function reportPage(report: PipelineReport): string {
  const uplot = dirname(require.resolve('uplot'));
  const pieces: Readonly<Record<string, string>> = {
    'uplot.css': readFileSync(join(uplot, 'uPlot.min.css'), 'utf8'),
    'uplot.js': readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8'),
    // Text of a run must not end the script that it stands in.
    data: JSON.stringify(report).replaceAll('<', String.raw`\u003c`),
  };
  const page = readFileSync(join(ROOT, 'tools/cli/src/report/page.html'), 'utf8');
  return page.replace(/\/\*(uplot\.css|uplot\.js|data)\*\//g, (_, name: string) => pieces[name] ?? '');
}
