export { expectedClicks, type ClickAccounts } from './clickstream/click-accounts';
export { CLICK_DEFAULTS, clickOptions, type ClickOptions } from './clickstream/click-options';
export { clickRecord, type ClickRecord, type ClickVersion } from './clickstream/click-record';
export { produceClicks } from './clickstream/produce-clicks';
export { driftedDocs, generatedDocs, writeDocs } from './docs';
export type { Target } from './produce/producer';
export type { Sent } from './produce/send-paced';
export { replayRetail, type ReplayOptions } from './replay/replay-retail';
export { generateRetail, type GeneratedRetail, type RetailOptions } from './retail/generate-retail';
