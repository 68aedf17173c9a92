export { driftedDocs, generatedDocs, writeDocs } from './docs';
export { generateRetail, type GeneratedRetail, type RetailOptions } from './retail/generate-retail';
