import { stopTestServers } from './jest-setup';

// Jest takes the default export of this file and nothing else.
// oxlint-disable-next-line import/no-default-export
export default stopTestServers;
