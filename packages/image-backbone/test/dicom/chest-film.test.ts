import { chestFilm } from '../../src/dicom/chest-film.js';

describe('chestFilm(header)', () => {
  it('takes CR and DX of the chest, and what says nothing, without a remark', () => {
    for (const header of [
      { modality: 'CR', bodyPart: 'CHEST' },
      { modality: 'DX', bodyPart: 'THORAX' },
      { modality: 'DX', bodyPart: 'Port Chest' },
      { modality: 'dx ', bodyPart: 'TÓRAX' },
      {},
    ])
      expect(chestFilm(header)).toEqual({ remarks: [] });
  });

  it('refuses another modality and another body part that the standard defines', () => {
    expect(chestFilm({ modality: 'CT', bodyPart: 'CHEST' }).refusal).toMatch(/got Modality CT/);
    expect(chestFilm({ modality: 'MG' }).refusal).toMatch(/got Modality MG/);
    expect(chestFilm({ modality: 'DX', bodyPart: 'Hand' }).refusal).toMatch(/got HAND/);
    expect(chestFilm({ bodyPart: 'L-SPINE' }).refusal).toMatch(/got LSPINE/);
  });

  it('remarks on words that leave it open', () => {
    expect(chestFilm({ modality: 'RF', bodyPart: 'BODY' })).toEqual({
      remarks: ['Modality "RF" may be a film', 'Body Part Examined "BODY" is not known to be the chest'],
    });
    expect(chestFilm({ modality: 'QQ' }).remarks).toEqual(['Modality "QQ" is not known to be a film']);
  });
});
