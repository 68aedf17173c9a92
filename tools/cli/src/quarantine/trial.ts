import type { Clients, RowFilter, TriedGrain, TriedRule } from '@weir/rpc';

/** A page takes a cold engine some seconds. */
const PAGE_MS = 120_000;
const SAMPLES = 5;

/** What a replay would do. */
export interface Trial {
  readonly contractVersion: string;
  readonly open: number;
  readonly landing: number;
  /** Grains that would be run again. */
  readonly grains: readonly Pick<TriedGrain, 'partition' | 'open' | 'landing'>[];
  readonly rules: readonly TriedRule[];
}

/** Has quality judge the open rows that a filter leaves, page by page, and adds the pages up. Writes nothing. */
export async function tryAll({ quarantine }: Pick<Clients, 'quarantine'>, pipeline: string, filter: RowFilter): Promise<Trial> {
  const grains = new Map<string, Pick<TriedGrain, 'partition' | 'open' | 'landing'>>();
  const rules = new Map<string, TriedRule>();
  for (let cursor = ''; ; ) {
    const page = await quarantine.tryRows({ pipeline, filter, cursor }, { timeoutMs: PAGE_MS });
    for (const { partition, open, landing } of page.grains) {
      const known = grains.get(partition) ?? { partition, open: 0, landing: 0 };
      grains.set(partition, { partition, open: known.open + open, landing: known.landing + landing });
    }
    for (const { rule, landing, staying, samples } of page.rules) {
      const known = rules.get(rule) ?? { rule, landing: 0, staying: 0, samples: [] };
      rules.set(rule, { rule, landing: known.landing + landing, staying: known.staying + staying, samples: [...known.samples, ...samples].slice(0, SAMPLES) });
    }
    cursor = page.cursor;
    if (cursor === '') return summed(page.contractVersion, [...grains.values()], [...rules.values()]);
  }
}

function summed(contractVersion: string, grains: Trial['grains'], rules: TriedRule[]): Trial {
  const sum = (of: (grain: Trial['grains'][number]) => number): number => grains.reduce((total, grain) => total + of(grain), 0);
  return { contractVersion, open: sum(({ open }) => open), landing: sum(({ landing }) => landing), grains: grains.filter(({ landing }) => landing > 0), rules: rules.sort((a, b) => b.landing + b.staying - a.landing - a.staying) };
}
