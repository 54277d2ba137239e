import { writeReport } from './report/write.ts';

/** Writes docs/performance.md and its plots from what `npm run bench -- --record` has measured. */
writeReport();
