import type { CheckType, Threshold } from '../check';
import type { Measure, MeasureKind } from '../measure';
import type { ArgumentFault, ArgumentSchema } from '../primitive/primitive';

export type Vocabulary = 'odcs' | 'greatExpectations';

/** A name of another vocabulary for a measure of ours. */
export interface Alias {
  readonly name: string;
  readonly vocabulary: Vocabulary;
  /** The kind of measure that it gives. */
  readonly primitive: MeasureKind;
  /** Whether it is about a column, which the place of the rule may name, or about the dataset. */
  readonly about: 'column' | 'dataset';
  /** Dimension unless the rule says another; that of the primitive where it is left out. */
  readonly type?: CheckType | undefined;
  /** JSON Schema of its arguments. */
  readonly schema: ArgumentSchema;
  readonly map: (call: AliasCall) => Mapped;
}

/** Arguments that fit the schema. */
export interface AliasCall {
  readonly args: Readonly<Record<string, unknown>>;
  /** Of aliases about a column. */
  readonly column: string;
}

/** What a name with its arguments means, or what is wrong with them. The threshold is left out where the rule states it beside the name. */
export type Mapped = { readonly measure: Measure; readonly threshold?: Threshold | undefined } | { readonly fault: ArgumentFault };

/** The schema of arguments of other vocabularies: what they say of themselves stays theirs. */
export function aliasSchema(noun: string, properties: ArgumentSchema['properties'], required: readonly string[] = []): ArgumentSchema {
  return { title: noun, description: 'Write a mapping of arguments.', type: 'object', additionalProperties: false, required, properties };
}
