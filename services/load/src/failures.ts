import { toWeirError, WeirError } from '@weir/core';

/** The results of what was done side by side; throws the failure that decides, with those of the others among its samples. */
export async function allOf<T>(doings: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(doings);
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [toWeirError(one.reason)] : []));
  if (failures.length > 0) throw summary(failures);
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** One that a person must see to outweighs one that passes, or retrying would hide it. */
function summary(failures: readonly WeirError[]): WeirError {
  const [first] = [...failures].sort((one, other) => rank(one) - rank(other));
  if (!first || failures.length === 1) return first ?? toWeirError(undefined);
  const { code, message, place, fix } = first;
  const samples = failures.map((failure) => `${failure.place ?? ''}: ${failure.code} ${failure.message}`);
  return new WeirError({ code, message, place, fix, samples }, { cause: first });
}

function rank(error: WeirError): number {
  return ['never', 'counted', 'transient'].indexOf(error.retry);
}
