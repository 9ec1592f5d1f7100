// Package richtext converts formatted text between HTML, XHTML-IM (XEP-0071), Markdown,
// message styling (XEP-0393), the control codes of IRC, and plain text.
//
// Each format has a reader, which accepts any text, and a writer, whose output is always
// valid. In the middle is a document: blocks with runs of text, each with a style.
package richtext

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"spectrumlua/runtime/xmltext"
)

// Format is the name of a format.
type Format string

// The formats.
const (
	HTML     Format = "html"
	XHTML    Format = "xhtml"
	Markdown Format = "markdown"
	Styling  Format = "styling"
	IRC      Format = "irc"
	Plain    Format = "plain"
)

const (
	// MaxInput is the maximum length of a text that Convert accepts.
	MaxInput = 1 << 20
	// maxOutput is the maximum length of a result. A short tag can repeat a long
	// address or a long prefix.
	maxOutput = 16 << 20
	// maxOpen is how many elements may be open; further tags are ignored.
	maxOpen = 100
	// maxNesting is how deep quotes and lists may nest; deeper ones have no effect.
	maxNesting = 20
)

var formats = map[Format]struct {
	read  func(s string) (*block, error)
	write func(w *sink, doc *block)
}{
	HTML:     {readHTML, writeHTML},
	XHTML:    {readXHTML, writeXHTML},
	Markdown: {readMarkdown, writeMarkdown},
	Styling:  {readStyling, writeStyling},
	IRC:      {readIRC, writeIRC},
	Plain:    {readPlain, writePlain},
}

// Formats returns the names of all formats, sorted.
func Formats() []string {
	names := make([]string, 0, len(formats))
	for name := range formats {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return names
}

var errLongResult = errors.New("the result is too long")

// Convert converts a text from one format to another. Both formats must exist. It
// returns an error if the text is longer than MaxInput, if XHTML is not well-formed, or
// if the result is much longer than the text.
func Convert(s string, from, to Format) (string, error) {
	if len(s) > MaxInput {
		return "", fmt.Errorf("a text of %d bytes is too long: at most %d bytes can be converted", len(s), MaxInput)
	}
	read := formats[from].read
	if from != IRC { // whose codes are not XML
		s = xmltext.Clean(s)
	}
	doc, err := read(lineEnds.Replace(s))
	if err != nil {
		return "", err
	}
	clean(doc)
	w := &sink{}
	formats[to].write(w, doc)
	if w.full {
		return "", errLongResult
	}
	return w.out.String(), nil
}

// clean removes the characters that XML forbids: character references such as &#1; may
// stand for them.
func clean(b *block) {
	for i := range b.runs {
		b.runs[i].text = xmltext.Clean(b.runs[i].text)
	}
	for _, inner := range b.blocks {
		clean(inner)
	}
}

// lineEnds replaces all line ends with \n.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// sink collects the output, up to maxOutput bytes.
type sink struct {
	out  strings.Builder
	full bool
}

func (w *sink) add(parts ...string) {
	for _, s := range parts {
		if w.out.Len()+len(s) > maxOutput {
			w.full = true
			return
		}
		w.out.WriteString(s)
	}
}

// blockKind is what a block is.
type blockKind int

const (
	kindDocument  blockKind = iota
	kindParagraph           // has runs
	kindHeading             // has runs
	kindPre                 // has runs
	kindRule
	kindQuote
	kindList // has items only
	kindItem
)

// block is a part of a document. Paragraphs, headings and preformatted blocks have
// runs; the document, quotes, lists and items have blocks.
type block struct {
	kind    blockKind
	runs    []run
	blocks  []*block
	level   int  // of a heading
	ordered bool // list with numbers
	start   int  // the first number of the list
	loose   bool // a blank line separates the paragraph from the one before
}

// runKind is what a run is.
type runKind int

const (
	runText runKind = iota
	runBreak
	runImage
)

// run is a piece of text with one style, a line break, or an image.
type run struct {
	kind  runKind
	text  string // of an image, the text in its place
	src   string // of an image
	style style
}

// style is how a run looks.
type style struct {
	bold, italic, underline, strike, mono, reverse bool

	fg, bg string // #rrggbb, or "" for the default
	link   string
}

// readPlain returns one paragraph, with a break at each line end.
func readPlain(s string) (*block, error) {
	return &block{blocks: []*block{{kind: kindParagraph, runs: lineRuns(s, style{})}}}, nil
}

// lineRuns returns a text as runs, with a break at each line end.
func lineRuns(s string, st style) (runs []run) {
	for {
		line, rest, more := strings.Cut(s, "\n")
		if line != "" {
			runs = append(runs, run{text: line, style: st})
		}
		if !more {
			return runs
		}
		runs = append(runs, run{kind: runBreak})
		s = rest
	}
}
