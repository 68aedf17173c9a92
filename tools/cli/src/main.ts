import { Command } from 'commander';
import { registerCommands } from './commands/index';
import { inheritOutput } from './output';

const program = new Command('weir')
  .description('Data pipelines that measure what flows and let through only what a contract allows.')
  .showHelpAfterError('(weir <command> --help shows its options and examples)')
  .addHelpText('after', '\nExit codes: 0 right, 1 run failed, 2 input wrong, 3 platform unreachable.\nWEIR_HOME is the folder of state, logs and data; by default .weir in the repository.');

void run();

async function run(): Promise<void> {
  await registerCommands(program, process.argv[2]);
  inheritOutput(program);
  await program.parseAsync();
}
