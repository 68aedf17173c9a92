#!/usr/bin/env node
// `npm run bench`: installs and bundles what is missing, then compares a run of the platform with the same job in one script.
import { launch } from '../../build/launch.mjs';

await launch('tools/bench');
