export { retailTruth, type RetailTables, type RetailTruth } from './oracle';
export { realRetailFolder, retailData, type RetailData } from './retail-data';
