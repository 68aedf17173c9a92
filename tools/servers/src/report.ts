import type { OnDemandServer } from './wanted';

/** What starts side by side when the platform comes up. */
export const STEPS = ['postgres', 'temporal', 'jaeger', 'build', 'services'] as const;
export type Step = (typeof STEPS)[number] | OnDemandServer;

/** One line of progress. `later`: the platform is up without it, and it goes on in the background. */
export interface StepEvent {
  readonly step: Step;
  readonly state: 'running' | 'done' | 'failed' | 'later';
  readonly text: string;
}

export type Report = (event: StepEvent) => void;
