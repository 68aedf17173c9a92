/** What runs can be found by in the Temporal UI and with `temporal workflow list --query`. All are keywords. */
export const SEARCH_ATTRIBUTES = {
  pipeline: { name: 'WeirPipeline', type: 'KEYWORD' },
  interval: { name: 'WeirInterval', type: 'KEYWORD' },
  stage: { name: 'WeirStage', type: 'KEYWORD' },
  kind: { name: 'WeirRunKind', type: 'KEYWORD' },
  verdict: { name: 'WeirVerdict', type: 'KEYWORD' },
} as const;
