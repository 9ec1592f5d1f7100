// Package paging divides long answers into pages (XEP-0059).
package paging

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Cut returns the page that a request asks for, and the element <set/> for the answer. It
// returns all items and nil if the request has no <set/>. id returns the id of an item,
// which has to be unique. The error says that the page begins at an unknown item, or that a
// number is invalid.
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
	index, err := number(asked, "index", 0)
	if err != nil {
		return nil, nil, err
	}
	most, err := Max(asked)
	if err != nil {
		return nil, nil, err
	}
	if after == nil && before == nil {
		first = min(index, len(all))
	}
	first = min(first, last)
	if last-first > most {
		if before != nil { // the page in front of an item, or the last page
			first = last - most
		} else {
			last = first + most
		}
	}
	page = all[first:last]
	return page, Set(page, id, first, len(all)), nil
}

// Max returns the number of items that a request with an element <set/> asks for. The element
// may be nil. Without a number there, all items are wanted.
func Max(set *xmltree.Node) (int, *stanza.Error) { return number(set, "max", math.MaxInt32) }

// number returns the number in a child of an element <set/>, or another one without the child.
func number(set *xmltree.Node, name string, absent int) (int, *stanza.Error) {
	child := stanza.Child(set, stanza.ResultSet, name)
	if child == nil {
		return absent, nil
	}
	n, err := strconv.ParseUint(strings.TrimSpace(stanza.Body(child)), 10, 31)
	if err != nil {
		return 0, stanza.Errorf(stanza.BadRequest, "<%s/> of the page is not a number", name)
	}
	return int(n), nil
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
