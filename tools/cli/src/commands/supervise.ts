import type { Command } from 'commander';
import { supervise } from '@weir/servers';
import { action } from '../output';

/** The background process of `weir up --detach`; hidden, because nobody types it. */
export function register(parent: Command): void {
  parent.command('supervise', { hidden: true }).action(action(supervise));
}
