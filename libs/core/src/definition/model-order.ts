/** Something that reads other things by name. */
interface Reader {
  readonly qualified: string;
  readonly inputs: readonly string[];
}

/**
 * Readers in dependency order (each after all it reads, otherwise as given), and every circle as the names along it,
 * such as [silver.a, silver.b, silver.a]. Inputs that are no reader of the list are ignored; readers in or behind a circle are left out.
 */
export function orderModels<T extends Reader>(readers: readonly T[]): { ordered: T[]; circles: string[][] } {
  const byName = new Map(readers.map((reader) => [reader.qualified, reader]));
  const ordered: T[] = [];
  const circles: string[][] = [];
  const state = new Map<T, 'open' | 'done' | 'blocked'>();
  const trail: T[] = [];

  const visit = (reader: T): boolean => {
    const known = state.get(reader);
    if (known === 'open') {
      circles.push([...trail.slice(trail.indexOf(reader)), reader].map((one) => one.qualified));
      return false;
    }
    if (known) return known === 'done';
    state.set(reader, 'open');
    trail.push(reader);
    const inputs = reader.inputs.flatMap((name) => byName.get(name) ?? []);
    const ready = inputs.map(visit).every(Boolean);
    trail.pop();
    state.set(reader, ready ? 'done' : 'blocked');
    if (ready) ordered.push(reader);
    return ready;
  };
  readers.forEach(visit);
  return { ordered, circles };
}
