// All English strings: part of the first load, since every other language falls back to them.
import { areas } from './areas';

export default areas(import.meta.glob<Record<string, unknown>>('./en/*.json', { eager: true, import: 'default' }));
