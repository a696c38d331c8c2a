// All German strings in one chunk, fetched only where German is chosen.
import { areas } from './areas';

export default areas(import.meta.glob<Record<string, unknown>>('./de/*.json', { eager: true, import: 'default' }));
