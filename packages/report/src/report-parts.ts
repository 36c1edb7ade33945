/** How good a statement's content is: a colour and a sign beside it. */
export type Tone = 'good' | 'fair' | 'bad' | 'none';

/** What a cell of a table holds: null is a dash. */
export type ReportCell =
  | string
  | number
  | null
  | {
      text: string;
      /** Drawn before the text, as it is: pass only what the functions of this package return, or what you trust. */
      svg?: string;
      tone?: Tone;
      /** A place on the page, such as `#label-3`. */
      href?: string;
    };

/** A table: a header and rows. Numbers are right-aligned. */
export interface ReportTable {
  caption: string;
  header: readonly ReportCell[];
  rows: readonly (readonly ReportCell[])[];
  /** A row below the others that is not sorted with them, such as a mean. */
  total?: readonly ReportCell[];
  /** On a narrow page each row stands as a block, its cells under each other with their headers. Default false: it scrolls sideways. */
  isStacked?: boolean;
  /** Offers a field that finds rows. Default false. */
  canFilter?: boolean;
}

/** SVG, which is inserted as it is, with a description for screen readers that also is its caption. */
export interface ReportFigure {
  svg: string;
  description: string;
}

/** A finding in a few words with its number. */
export interface ReportCard {
  heading: string;
  tone: Tone;
  value: string;
  text: string;
  /** A place on the page. */
  href?: string;
}

/** A section of a report: cards, paragraphs, facts, then figures, then tables, then sections of its own. */
export interface ReportSection {
  heading: string;
  /** Name of its place on the page, of a to z, digits and dashes. Default by its number. */
  id?: string;
  /** Stands beside the heading. */
  note?: ReportCell;
  /** Only its heading is shown until someone opens it. Default false. */
  isFolded?: boolean;
  cards?: readonly ReportCard[];
  paragraphs?: readonly string[];
  /** Names and what they are. */
  facts?: readonly (readonly [name: string, value: string])[];
  figures?: readonly ReportFigure[];
  tables?: readonly ReportTable[];
  sections?: readonly ReportSection[];
  /** Offers a field that finds sections of its own by their headings. Default false. */
  canFilter?: boolean;
}

/** A page as it is written. */
export interface ReportPage {
  title: string;
  /** The first sentences. */
  lead: string;
  /** What must be known before anything else is read, such as that scores are too good. */
  notices?: readonly string[];
  facts?: ReportSection['facts'];
  sections: readonly ReportSection[];
}
