import { headerNames, planValidateBatch, WeirError, type Check, type ContractDataset, type Definition, type KafkaSource, type ValidateBatchPlan } from '@weir/core';
import { sourceContract } from './source-contract';

/** How the micro-batches of one version of a definition are validated. */
export interface BatchPlan {
  readonly source: KafkaSource;
  readonly dataset: ContractDataset;
  /** Names of the headers that columns are read from. */
  readonly headers: ReadonlySet<string>;
  plan: ValidateBatchPlan;
  /** Share of the last batches in which a key came twice, the newest counting most. */
  repeats: number;
  /** Likewise of those in which a record lacked a column, or had one that the contract does not name. */
  drifts: number;
}

const plans = new WeakMap<Definition, BatchPlan>();

/** The plan of a definition, made once. Throws INVALID_VALUE for a pipeline that reads no topic. */
export function batchPlan(definition: Definition): BatchPlan {
  const known = plans.get(definition);
  if (known) return known;
  const { source, name } = definition;
  if (source.type !== 'kafka') throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${name} reads no topic.`, stage: 'validate' });
  const dataset = sourceContract(definition);
  const made = { source, dataset, headers: headerNames(dataset), plan: planValidateBatch(dataset), repeats: 0, drifts: 0 };
  plans.set(definition, made);
  return made;
}

/** The plan of a dataset with these checks alone. */
export function withChecks(dataset: ContractDataset, checks: readonly Check[]): ValidateBatchPlan {
  return planValidateBatch({ ...dataset, checks });
}
