import { type Click } from './click';

/** What is written of one version of a click; a field that is undefined is left out. */
export type ClickFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The ways in which a record is bad, and for each the one rule by which it must be in quarantine: examples/clickstream's, or a reason why a value cannot be read. */
export const BAD_KINDS = [
  ['cut off', 'undecodable'],
  ['no object', 'undecodable'],
  ['invalid UTF-8', 'invalid_utf8'],
  ['no key', 'missing:event_id'],
  ['missing field', 'missing:user_id'],
  ['wrong type', 'type:dwell_ms'],
  ['a time that is none', 'type:happened_at'],
  ['negative dwell', 'dwell_not_negative'],
  ['unknown action', 'action_known'],
  ['purchase for nothing', 'purchase_has_amount'],
  ['from the future', 'not_from_the_future'],
] as const;

export type BadKind = (typeof BAD_KINDS)[number][0];

/** The fields of a good record, spoilt, as the bytes of a value. */
export function badValue(kind: BadKind, fields: ClickFields, click: Click): Buffer {
  switch (kind) {
    case 'cut off':
      return Buffer.from(JSON.stringify(fields).slice(0, -20));
    case 'no object':
      return Buffer.from(JSON.stringify([fields]));
    case 'invalid UTF-8':
      return Buffer.from(JSON.stringify({ ...fields, page: '/caf\xff\xfe' }), 'latin1');
    case 'no key':
      return json({ ...fields, event_id: undefined });
    case 'missing field':
      return json({ ...fields, user_id: undefined });
    case 'wrong type':
      return json({ ...fields, dwell_ms: 'a while' });
    case 'a time that is none':
      return json({ ...fields, happened_at: '2026-02-30T08:00:00.000Z' });
    case 'negative dwell':
      return json({ ...fields, dwell_ms: -1 });
    case 'unknown action':
      return json({ ...fields, action: 'stare' });
    case 'purchase for nothing':
      return json({ ...fields, action: 'purchase', amount: undefined });
    case 'from the future':
      return json({ ...fields, happened_at: new Date(click.happenedAt + 2 * 86_400_000).toISOString() });
  }
}

function json(fields: ClickFields): Buffer {
  return Buffer.from(JSON.stringify(fields));
}
