package messages

import (
	"strings"

	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

// Limits of markup in both directions.
const (
	maxMarkup      = 512 << 10 // bytes
	maxMarkupDepth = 80        // further elements are dropped, their text stays
)

var markupLimits = xmltree.Limits{Depth: 200, Size: 2 * maxMarkup, Elements: 20_000}

// parse returns the <body/> of XHTML-IM with the markup of a script.
func parse(xhtml string) (*xmltree.Node, error) {
	root, err := xmltree.Parse(`<body xmlns="`+stanza.XHTMLBody+`">`+xhtml+`</body>`, markupLimits)
	if err != nil {
		return nil, err
	}
	body := &xmltree.Node{Space: stanza.XHTMLBody, Name: "body"}
	body.Children = clean(nil, root.Children, stanza.XHTMLBody, maxMarkupDepth)
	return body, nil
}

// content returns the markup inside of a <body/>, as scripts get it: in the namespace "".
// It returns "" if there is no markup or too much.
func content(body *xmltree.Node) string {
	if body == nil {
		return ""
	}
	w := xmltree.NewWriter(maxMarkup)
	if err := write(w, clean(nil, body.Children, "", maxMarkupDepth)); err != nil {
		return ""
	}
	return w.String()
}

func write(w *xmltree.Writer, children []xmltree.Child) error {
	for _, c := range children {
		err := error(nil)
		if e := c.Element; e == nil {
			err = w.Text(c.Text)
		} else if err = w.Start(e.Space, e.Name, e.Attr); err == nil {
			if err = write(w, e.Children); err == nil {
				err = w.End()
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clean appends the children that may be in markup, as elements of the namespace space. Of
// other elements it keeps the text, as XEP-0071 (section 8) asks, but not of scripts and
// styles.
func clean(to, children []xmltree.Child, space string, depth int) []xmltree.Child {
	for _, c := range children {
		e := c.Element
		switch {
		case e == nil:
			to = append(to, c)
		case e.Name == "script" || e.Name == "style":
		case e.Space != stanza.XHTMLBody || depth == 0 || !xmltree.IsPlainName(e.Name):
			to = clean(to, e.Children, space, max(depth-1, 0))
		default:
			n := &xmltree.Node{Space: space, Name: e.Name}
			for _, a := range e.Attr {
				if isSafe(a) {
					n.Attr = append(n.Attr, a)
				}
			}
			n.Children = clean(nil, e.Children, space, depth-1)
			to = append(to, xmltree.Child{Element: n})
		}
	}
	return to
}

// isSafe reports whether an attribute may be in markup: none that runs code.
func isSafe(a xmltree.Attr) bool {
	if a.Space != "" && a.Space != xmlns.XML || !xmltree.IsPlainName(a.Name) || strings.HasPrefix(a.Name, "on") {
		return false
	}
	if a.Name != "href" && a.Name != "src" {
		return true
	}
	scheme, _, _ := strings.Cut(a.Value, ":")
	scheme = strings.Map(func(r rune) rune { // as browsers do
		if r <= ' ' {
			return -1
		}
		return r
	}, scheme)
	return !strings.EqualFold(scheme, "javascript") && !strings.EqualFold(scheme, "vbscript")
}

// pictures appends the addresses of the pictures in markup, in their order. It returns at most
// modern.MaxFiles.
func pictures(to []string, n *xmltree.Node) []string {
	for _, c := range n.Children {
		if c.Element == nil {
			continue
		}
		if src := c.Element.Get("src"); c.Element.Name == "img" && isWeb(src) && len(to) < modern.MaxFiles {
			to = append(to, src)
		}
		to = pictures(to, c.Element)
	}
	return to
}

func isWeb(url string) bool {
	return strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")
}
