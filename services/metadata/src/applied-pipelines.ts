import type { AppliedPipelines } from '@weir/core';
import { readDefinition } from './pipelines';
import { rowsOf, type Queryable } from './rows';

/** What is stored now, for definitions that read other pipelines. */
export function storedPipelines(db: Queryable): AppliedPipelines {
  return {
    async newest(pipeline) {
      const [row] = await rowsOf<{ version: number }>(db, 'select version from metadata.pipeline where name = $1', [pipeline]);
      return row && (await readDefinition(db, pipeline, row.version));
    },
    async names() {
      const rows = await rowsOf<{ name: string }>(db, 'select name from metadata.pipeline order by name');
      return rows.map(({ name }) => name);
    },
  };
}
