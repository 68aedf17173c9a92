import type { OrdersJob } from './checks/measure-orders';
import type { DirectExportJob } from './destinations/direct-export';
import type { DirectJob } from './direct';
import type { Usage } from './process-usage';
import type { DirectConsumerJob } from './stream/direct-consumer';
import type { SendOrdersJob } from './stream/send-orders';
import type { DirectOrdersJob } from './w1/direct-orders';

/**
 * What the bench does in a process of its own, by name: it does the job and prints what came of it as JSON. Each loads its own code only: a script that stands beside
 * the platform is not to wait for code of the platform.
 */
export const JOBS: Readonly<Record<string, (job: unknown) => Promise<unknown>>> = {
  direct: async (job) => {
    const { direct } = await import('./direct');
    return { outcome: await direct(job as DirectJob), usage: usage() };
  },
  'direct-orders': async (job) => {
    const { directOrders } = await import('./w1/direct-orders');
    await directOrders(job as DirectOrdersJob);
    return usage();
  },
  'direct-export': async (job) => {
    const { exportDirectly } = await import('./destinations/direct-export');
    return exportDirectly(job as DirectExportJob);
  },
  'measure-orders': async (job) => {
    const { measureOrders } = await import('./checks/measure-orders');
    return { ...(await measureOrders(job as OrdersJob)), peak: usage().peak };
  },
  'send-orders': async (job) => {
    const { sendOrders } = await import('./stream/send-orders');
    await sendOrders(job as SendOrdersJob);
    return usage().cpu;
  },
  'direct-consumer': async (job) => {
    const { consumeDirectly } = await import('./stream/direct-consumer');
    await consumeDirectly(job as DirectConsumerJob);
    return usage().cpu;
  },
};

/** Of this process since it began. */
function usage(): Usage {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  return { cpu: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS * 1024 };
}
