package paging_test

import (
	"strings"
	"testing"

	"spectrumlua/runtime/gateway/paging"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

func TestCutReturnsThePageAndItsPlace(t *testing.T) {
	all := strings.Split("abcdefgh", "")
	for _, c := range []struct{ set, page, place string }{
		{``, "abcdefgh", ""},
		{`<set/>`, "abcdefgh", "a0-h/8"},
		{`<set><max>3</max></set>`, "abc", "a0-c/8"},
		{`<set><max>0</max></set>`, "", "-/8"},
		{`<set><max> 2147483647 </max></set>`, "abcdefgh", "a0-h/8"},
		{`<set><max>-1</max></set>`, "bad-request", ""},
		{`<set><max>x</max></set>`, "bad-request", ""},
		{`<set><max/></set>`, "bad-request", ""},
		{`<set><max>3</max><after>c</after></set>`, "def", "d3-f/8"},
		{`<set><max>3</max><after/></set>`, "abc", "a0-c/8"},
		{`<set><max>3</max><after>g</after></set>`, "h", "h7-h/8"},
		{`<set><max>3</max><after>h</after></set>`, "", "-/8"},
		{`<set><max>3</max><before/></set>`, "fgh", "f5-h/8"},
		{`<set><max>3</max><before>f</before></set>`, "cde", "c2-e/8"},
		{`<set><max>3</max><before>b</before></set>`, "a", "a0-a/8"},
		{`<set><max>3</max><before>a</before></set>`, "", "-/8"},
		{`<set><after>b</after><before>e</before></set>`, "cd", "c2-d/8"},
		{`<set><after>e</after><before>b</before></set>`, "", "-/8"},
		{`<set><max>2</max><index>6</index></set>`, "gh", "g6-h/8"},
		{`<set><max>2</max><index>9</index></set>`, "", "-/8"},
		{`<set><max>2</max><index>-9</index></set>`, "bad-request", ""},
		{`<set><index>x</index><after>b</after></set>`, "bad-request", ""},
		{`<set><after>x</after></set>`, "item-not-found", ""},
		{`<set><before>x</before></set>`, "item-not-found", ""},
	} {
		request, err := xmltree.Parse(`<query>`+strings.Replace(c.set, "<set", `<set xmlns="`+stanza.ResultSet+`"`, 1)+`</query>`, xmltree.DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		page, set, refusal := paging.Cut(request, all, func(s string) string { return s })
		if refusal != nil {
			page = []string{string(refusal.Condition)}
		}
		place := ""
		if set != nil {
			first := stanza.Child(set, stanza.ResultSet, "first")
			place = stanza.Body(first) + stanza.Attr(first, "index") + "-" + stanza.ChildText(set, stanza.ResultSet, "last") + "/" + stanza.ChildText(set, stanza.ResultSet, "count")
		}
		if got := strings.Join(page, ""); got != c.page || place != c.place {
			t.Errorf("%s: %q at %q, not %q at %q", c.set, got, place, c.page, c.place)
		}
	}
}
