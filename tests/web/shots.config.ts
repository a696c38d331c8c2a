import base from './playwright.config.ts';

// As the specs run, but for pictures: one worker, all the time it takes.
export default { ...base, testMatch: 'shots.ts', workers: 1, timeout: 300_000, outputDir: 'results/shots' };
