package messages

import (
	"fmt"
	"strings"
	"testing"

	"spectrumlua/runtime/modern"
)

func TestPicturesAreLimitedAcrossElements(t *testing.T) {
	var b strings.Builder
	for i := range modern.MaxFiles + 50 {
		if i%60 == 0 {
			b.WriteString("</p><p>")
		}
		fmt.Fprintf(&b, `<b><img src="https://x.example/%d"/></b>`, i)
	}
	html, err := parse("<p>" + b.String() + "</p>")
	if err != nil {
		t.Fatal(err)
	}
	all := pictures(nil, html)
	if last := all[len(all)-1]; len(all) != modern.MaxFiles || last != fmt.Sprintf("https://x.example/%d", modern.MaxFiles-1) {
		t.Errorf("%d pictures, the last is %s", len(all), last)
	}
}
