export {
  fastForms,
  useFastForms,
  type AdamWSettings,
  type FastForms,
  type FusedAdamW,
  type FusedNormalize,
} from './fast-forms.js';
