import { DATED_FILES, NEW_FILES } from './file-kinds';
import { DATED_OBJECTS, NEW_OBJECTS } from './object-kinds';
import { PAGES } from './page-kind';
import type { SourceKind } from './source-kind';
import { TABLE_BY_ID, TABLE_BY_TIME, WHOLE_TABLE } from './table-kinds';
import { TOPIC } from './topic-kind';

/** Everything that a source can be. A new one is a line here, and has to pass the suite. */
export const SOURCE_KINDS: readonly SourceKind[] = [DATED_FILES, NEW_FILES, DATED_OBJECTS, NEW_OBJECTS, PAGES, TABLE_BY_TIME, TABLE_BY_ID, WHOLE_TABLE, TOPIC];
