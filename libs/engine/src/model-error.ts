import { qualifiedName, WeirError, type Model } from '@weir/core';
import type { ModelInput } from './bind-tables';
import { failedText } from './engine-error';
import { locateText } from './locate-text';

/** Whose error it is. */
interface Failing {
  readonly pipeline: string;
  readonly model: Model;
  /** By dataset; only their names matter. */
  readonly inputs: ReadonlyMap<string, ModelInput>;
  /** Columns that the model was compiled with and that other pipelines no longer give it. */
  readonly gone?: readonly string[];
  /** The rows that it failed on, where they are known. */
  readonly samples?: readonly string[];
}

/** The same error of a pipeline's model: its place is the model's file, with line and column where the engine says what failed. */
export async function ofModel(error: WeirError, { pipeline, model, inputs, gone = [], samples = error.samples }: Failing): Promise<WeirError> {
  const { code, message } = error;
  const lacking = code === 'MODEL_FAILED' && gone.length > 0;
  const named = code === 'CANCELLED' ? message : `${qualifiedName(model)}: ${lacking ? `${gone.join(', ')} is no longer there. ` : ''}${message}`;
  const fix = lacking ? `Change the model, and apply ${pipeline} again.` : error.fix;
  const text = code === 'MODEL_FAILED' ? failedText(error) : undefined;
  const at = text === undefined ? undefined : await locateText(model.sql, text, inputs);
  return new WeirError({ code, message: named, samples, fix, place: at ? `${model.file}:${at.line}:${at.column}` : model.file, stage: 'transform' }, { cause: error });
}
