import { quoteIdent, quoteLiteral } from '@weir/core';

/**
 * Which of two versions of a row is the newer one:
 * - the one with the greater sequence, a null being less than all; among equals the one with the greater row id;
 * - or, without a sequence, the one that lies further on in its topic: the greater (Kafka partition, offset).
 */
export type StreamOrder = { readonly by: 'sequence'; readonly column: string; readonly type: string } | { readonly by: 'arrival'; readonly topic: string };

/** A version of a row in SQL: an alias, and the column that holds its sequence there. */
export interface VersionRef {
  readonly alias: string;
  readonly sequence: string;
}

/** A row of a relation that has the model's columns. */
export function rowVersion(order: StreamOrder, alias: string): VersionRef {
  return { alias, sequence: order.by === 'sequence' ? order.column : '' };
}

/**
 * SQL that is true when version `row` is at least as new as `than`: equal versions are one, and writing it again must do no harm.
 * Null in no case. A version that does not say where it is from, or is from another topic, is older than any.
 */
export function notOlder(order: StreamOrder, row: VersionRef, than: VersionRef): string {
  if (order.by === 'arrival') {
    // In a case, so that what is no position of this topic is not read as one.
    return `case when ${isOfTopic(order.topic, than.alias)} then (${place(than.alias).join(', ')}) <= (${place(row.alias).join(', ')}) else true end`;
  }
  const [mine, theirs] = [sequenceOf(order.type, row), sequenceOf(order.type, than)];
  const tie = `(${than.alias}._weir_row_id is null or ${row.alias}._weir_row_id >= ${than.alias}._weir_row_id)`;
  return `case when ${mine} is null or ${theirs} is null then ${theirs} is null and (${mine} is not null or ${tie}) else ${mine} > ${theirs} or (${mine} = ${theirs} and ${tie}) end`;
}

/** SQL `order by` terms that put the newest version first. */
export function newestFirst(order: StreamOrder, alias: string): string {
  if (order.by === 'arrival') return place(alias).map((part) => `${part} desc`).join(', ');
  return `${sequenceOf(order.type, rowVersion(order, alias))} desc nulls last, ${alias}._weir_row_id desc`;
}

/** SQL that is true when a row's position is one of a topic. */
export function isOfTopic(topic: string, alias: string): string {
  return `starts_with(${alias}._weir_position, ${quoteLiteral(`${topic}:`)})`;
}

/** SQL of the Kafka partition and the offset in a position such as `clicks:3:1234`. */
export function place(alias: string): [partition: string, offset: string] {
  return [`split_part(${alias}._weir_position, ':', 2)::integer`, `split_part(${alias}._weir_position, ':', 3)::bigint`];
}

/** Texts compare by their bytes, as they do in the engine. */
export function bytewise(type: string, sql: string): string {
  return type === 'text' ? `${sql} collate "C"` : sql;
}

function sequenceOf(type: string, { alias, sequence }: VersionRef): string {
  return bytewise(type, `${alias}.${quoteIdent(sequence)}`);
}
