import { WeirError } from '@weir/core';
import type { PositionMove } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';

/** As many as a topic may have partitions, with room. */
const MOST_MOVES = 10_000;
const MOST_LENGTH = 1_000;

const MOVE = `
  with move as (select * from unnest($3::text[], $4::text[], $5::text[]) as m (source, stands, goes)),
  added as (
    insert into metadata.position (pipeline, source, value, sha256, snapshot)
    select $1, source, goes, null, $2 from move where stands = ''
    on conflict (pipeline, source) do nothing returning source),
  moved as (
    update metadata.position p set value = m.goes, sha256 = null, snapshot = $2 from move m
    where p.pipeline = $1 and p.source = m.source and m.stands <> '' and p.value = m.stands returning p.source)
  select source from added union all select source from moved`;

/** Throws INVALID_VALUE unless every move is of another source and has texts that can be stored. */
export function assertMoves(moves: readonly PositionMove[]): void {
  if (moves.length > MOST_MOVES) throw new WeirError({ code: 'INVALID_VALUE', message: `The publish moves ${moves.length} positions, more than ${MOST_MOVES}.` });
  const sources = new Set<string>();
  for (const { source, from, to } of moves) {
    if (source === '' || to === '' || [source, from, to].some((text) => text.length > MOST_LENGTH || text.includes('\0'))) throw new WeirError({ code: 'INVALID_VALUE', message: `A position cannot move from \`${from.slice(0, 100)}\` to \`${to.slice(0, 100)}\`.`, place: source.slice(0, 100) });
    if (sources.has(source)) throw new WeirError({ code: 'INVALID_VALUE', message: 'The publish moves a position twice.', place: source });
    sources.add(source);
  }
}

/** Moves the positions of a pipeline, whose row the caller has locked. Throws POSITION_MOVED when one does not stand where its move begins: the transaction must not commit then. */
export async function movePositions(db: Queryable, pipeline: string, moves: readonly PositionMove[], snapshot: number): Promise<void> {
  if (moves.length === 0) return;
  const values = [pipeline, snapshot, moves.map(({ source }) => source), moves.map(({ from }) => from), moves.map(({ to }) => to)];
  const moved = new Set((await rowsOf<{ source: string }>(db, MOVE, values)).map(({ source }) => source));
  const refused = moves.find(({ source }) => !moved.has(source));
  if (!refused) return;
  const [stands] = await rowsOf<{ value: string }>(db, 'select value from metadata.position where pipeline = $1 and source = $2', [pipeline, refused.source]);
  throw new WeirError({
    code: 'POSITION_MOVED',
    message: `${refused.source} of ${pipeline} stands at ${stands?.value ?? 'no position'}, not at ${refused.from || 'none'}: another run has moved it; nothing was published.`,
    place: refused.source,
    fix: 'Nothing; the next plan goes on from where it stands.',
  });
}
