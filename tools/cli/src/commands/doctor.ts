import type { Command } from 'commander';
import { diagnose, type Finding } from '@weir/servers';
import { action, colour, print, printJson, type ExitCode } from '../output';

interface Options {
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('doctor')
    .description('Look at what a start needs, and say how to mend what is missing.')
    .option('--json', 'the findings as JSON')
    .addHelpText('after', '\nExample:\n  weir doctor\n\nExit code 3 when the platform cannot start.')
    .action(action(doctor));
}

async function doctor({ json }: Options): Promise<ExitCode> {
  const findings = await diagnose();
  if (json) printJson({ findings });
  else print(...findings.map(line));
  return findings.some(({ verdict }) => verdict === 'fail') ? 3 : 0;
}

function line({ name, verdict, text, fix }: Finding): string {
  const word = { ok: colour.good('ok  '), warn: colour.doubt('warn'), fail: colour.bad('fail') }[verdict];
  return `  ${word}  ${name.padEnd(13)} ${text}${fix ? `\n${' '.repeat(22)}Fix: ${fix}` : ''}`;
}
