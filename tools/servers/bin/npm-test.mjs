#!/usr/bin/env node
import { launch } from '../../build/launch.mjs';

await launch('tools/servers');
