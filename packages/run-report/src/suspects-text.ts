import type { SuspectLabels } from '@cxr-align/curation';

/** Suspects that are printed. */
const shown = 20;

/** What was found, for a terminal. */
export function suspectsText({ images, annotations, source, kinds, remarks, suspects }: SuspectLabels): string {
  return [
    `${suspects.length} of ${annotations} annotations of ${images} images are suspects`,
    `probabilities: ${source}`,
    `by kind: contradicts the hierarchy ${kinds.hierarchy}, the same image has another label ${kinds.duplicate}, the model disagrees ${kinds.model}, similar images disagree ${kinds.neighbours}`,
    ...remarks,
    ...suspects
      .slice(0, shown)
      .map(
        ({ image, label, suspicion, reasons }, i) =>
          `${String(i + 1).padStart(3)}. ${image}, ${label} (${suspicion.toFixed(2)}): ${reasons.join('; ')}`,
      ),
    ...(suspects.length > shown ? [`and ${suspects.length - shown} more: write them to a file (out)`] : []),
  ].join('\n');
}
