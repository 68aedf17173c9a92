import type { Run } from './isolate-rows';

const REFERRED = `select cn.nspname || '.' || c.relname as child, pn.nspname || '.' || p.relname as parent
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace cn on cn.oid = c.relnamespace join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace
  where k.contype = 'f' and k.conrelid <> k.confrelid`;

/** The order of tables in which one comes after those that its rows refer to, as far as they do not refer to each other in a circle. */
export async function referredFirst<T extends { readonly label: string }>(run: Run, tables: readonly T[]): Promise<T[]> {
  if (tables.length < 2) return [...tables];
  const { rows } = await run<{ child: string; parent: string }>(REFERRED);
  const ordered = new Set<T>();
  const visiting = new Set<string>();
  const visit = (table: T): void => {
    if (visiting.has(table.label)) return;
    visiting.add(table.label);
    for (const { child, parent } of rows) {
      const referred = child === table.label ? tables.find(({ label }) => label === parent) : undefined;
      if (referred) visit(referred);
    }
    ordered.add(table);
  };
  for (const table of tables) visit(table);
  return [...ordered];
}
