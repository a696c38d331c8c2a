import { describe, expect, it } from 'vitest';
import { ingestPath, samples } from './samples';

describe('examples for a camera', () => {
  const made = samples({ origin: 'http://10.20.0.5:8080', camera: 7, name: 'motion', secret: 'wp.t1.x', envelope: 'ZW52' });
  const code = (id: string) => made.find((sample) => sample.id === id)?.code ?? '';

  it('carry the address, the camera and the secret', () => {
    expect(made.map((sample) => sample.id)).toEqual(['curl', 'hikvision', 'dahua', 'axis', 'others', 'agent']);
    expect(code('curl')).toContain(`-d '{"camid":7,"name":"motion","age_ms":0}'`);
    expect(code('curl')).toContain('Bearer wp.t1.x');
    expect(code('hikvision')).toContain('10.20.0.5');
    expect(code('hikvision')).toContain(ingestPath('wp.t1.x'));
    expect(code('others')).toContain('http://10.20.0.5:8080/i/wp.t1.x\n');
    expect(code('others')).toContain('http://10.20.0.5:8080/i/wp.t1.x?name=motion');
    expect(code('agent')).toContain('ZW52');
  });

  it('name the port that a scheme implies', () => {
    const tls = samples({ origin: 'https://nvr.example', camera: 1, name: 'motion', secret: 's', envelope: 'e' });
    expect(tls[1]?.code).toContain('443');
    expect(tls[1]?.code).toContain('HTTPS');
  });
});
