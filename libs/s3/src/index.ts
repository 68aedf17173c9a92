export { Bucket, type FoundObject, type ListedObject } from './bucket';
export { type S3Limits, type S3Options } from './config';
export { placeOf, TornRead } from './errors';
export { abandonUpload, openUploads, putPartsIfAbsent } from './multipart';
export { objectFacts, type ObjectFacts } from './object-facts';
export { readObject } from './read-object';
export { readTagged, replaceObject, type TaggedObject } from './replace-object';
export { putIfAbsent, putObject, removeObject, removeObjectOnce } from './write-object';
