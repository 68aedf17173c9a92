import type { Command } from 'commander';
import { parseBrokerCount, supervise } from '@weir/servers';
import { action } from '../output';

interface Options {
  readonly kafka?: boolean;
  readonly brokers?: string;
}

/** The background process of `weir up --detach`; hidden, because nobody types it. */
export function register(parent: Command): void {
  parent
    .command('supervise', { hidden: true })
    .option('--kafka')
    .option('--brokers <n>')
    .action(action(({ kafka = false, brokers }: Options) => supervise({ kafka, brokers: brokers === undefined ? undefined : parseBrokerCount(brokers) })));
}
