export { expectedClicks, MAX_EXPECTED_CLICKS, type ClickAccounts } from './clickstream/click-accounts';
export { CLICK_DEFAULTS, clickOptions, type ClickOptions } from './clickstream/click-options';
export { clickRecord, type ClickRecord, type ClickVersion } from './clickstream/click-record';
export { produceClicks } from './clickstream/produce-clicks';
export { driftedDocs, generatedDocs, writeDocs } from './docs';
export type { Sent } from './produce/send-paced';
export { openTopic, type Target } from './produce/topic';
export { replayRetail, RETAIL_TOPIC_CONFIG, type ReplayOptions } from './replay/replay-retail';
export { generateRetail, type GeneratedRetail, type RetailOptions } from './retail/generate-retail';
