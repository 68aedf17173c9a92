import type { SqlInspector } from '@weir/core';
import { columnReads } from './column-reads';
import { describeModel } from './describe-model';
import { inspectModel } from './parse-model';

/** The engine's parser and binder, for `compileDefinition`. */
export const inspector: SqlInspector = { inspect: inspectModel, describe: describeModel, reads: columnReads };
