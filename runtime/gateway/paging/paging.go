// Package paging divides long answers into pages (XEP-0059).
package paging

import (
	"slices"
	"strconv"

	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Cut returns the page that a request asks for, and the element <set/> for the answer. It
// returns all items and nil if the request has no <set/>. id returns the id of an item,
// which has to be unique. The error says that the page begins at an unknown item.
func Cut[T any](request *xmltree.Node, all []T, id func(T) string) (page []T, set *xmltree.Node, err *stanza.Error) {
	asked := stanza.Child(request, stanza.ResultSet, "set")
	if asked == nil {
		return all, nil, nil
	}
	first, last := 0, len(all)
	position := func(name string) int {
		want := stanza.ChildText(asked, stanza.ResultSet, name)
		return slices.IndexFunc(all, func(item T) bool { return id(item) == want })
	}
	after, before := stanza.Child(asked, stanza.ResultSet, "after"), stanza.Child(asked, stanza.ResultSet, "before")
	if stanza.Body(after) != "" {
		if first = position("after") + 1; first == 0 {
			return nil, nil, stanza.Errorf(stanza.ItemNotFound, "")
		}
	}
	if stanza.Body(before) != "" {
		if last = position("before"); last < 0 {
			return nil, nil, stanza.Errorf(stanza.ItemNotFound, "")
		}
	}
	if index, wrong := strconv.Atoi(stanza.ChildText(asked, stanza.ResultSet, "index")); wrong == nil && after == nil && before == nil {
		first = min(max(index, 0), len(all))
	}
	first = min(first, last)
	if most, wrong := strconv.Atoi(stanza.ChildText(asked, stanza.ResultSet, "max")); wrong == nil && most >= 0 && last-first > most {
		if before != nil { // the page in front of an item, or the last page
			first = last - most
		} else {
			last = first + most
		}
	}
	page = all[first:last]
	return page, Set(page, id, first, len(all)), nil
}

// Set returns the element <set/> for a page. index is the place of its first item among all
// items, and count is their number.
func Set[T any](page []T, id func(T) string, index, count int) *xmltree.Node {
	set := stanza.Element(stanza.ResultSet, "set", nil)
	if len(page) > 0 {
		first := stanza.Text(stanza.ResultSet, "first", id(page[0]))
		stanza.SetAttr(first, "index", strconv.Itoa(index))
		stanza.Add(set, first, stanza.Text(stanza.ResultSet, "last", id(page[len(page)-1])))
	}
	return stanza.Add(set, stanza.Text(stanza.ResultSet, "count", strconv.Itoa(count)))
}
