import { qualifiedName, WeirError, type Model } from '@weir/core';

/** The same error of a pipeline's model, with the model's file as its place; `gone` are the columns that the model was compiled with and that other pipelines no longer give it. */
export function ofModel(error: WeirError, pipeline: string, model: Model, gone: readonly string[] = []): WeirError {
  const { code, message, samples } = error;
  const lacking = code === 'MODEL_FAILED' && gone.length > 0;
  const named = code === 'CANCELLED' ? message : `${qualifiedName(model)}: ${lacking ? `${gone.join(', ')} is no longer there. ` : ''}${message}`;
  const fix = lacking ? `Change the model, and apply ${pipeline} again.` : error.fix;
  return new WeirError({ code, message: named, samples, fix, place: model.file, stage: 'transform' }, { cause: error });
}
