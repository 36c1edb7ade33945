export { silentProgress, type Progress, type ProgressBar, type StallEvent } from '@cxr-align/classifier';
