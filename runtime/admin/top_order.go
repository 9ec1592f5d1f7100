package admin

import "cmp"

// TopOrder is an order of the users of GET /top.
type TopOrder struct {
	Column  string
	compare func(a, b *TopUser) int
}

// Compare compares users, for a sort. Users with equal values are in the order of their names.
func (o TopOrder) Compare(a, b *TopUser) int {
	return cmp.Or(o.compare(a, b), cmp.Compare(a.User, b.User))
}

// TopOrders are the orders by their columns. The first one is the default.
var TopOrders = []TopOrder{
	{"cpu", func(a, b *TopUser) int { return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.CPU, a.CPU)) }},
	{"messages", func(a, b *TopUser) int { return cmp.Compare(b.Messages, a.Messages) }},
	{"bytes", func(a, b *TopUser) int { return cmp.Compare(b.Bytes, a.Bytes) }},
	{"tasks", func(a, b *TopUser) int { return cmp.Compare(b.Tasks, a.Tasks) }},
	{"retry", func(a, b *TopUser) int {
		return cmp.Or(cmp.Compare(b.Retry, a.Retry), cmp.Compare(b.Failures, a.Failures))
	}},
	{"state", func(a, b *TopUser) int { return cmp.Compare(a.State, b.State) }},
	{"time", func(a, b *TopUser) int { return cmp.Compare(b.For, a.For) }},
	{"user", func(_, _ *TopUser) int { return 0 }},
}

// TopOrderBy returns the order by a column.
func TopOrderBy(column string) (TopOrder, bool) {
	for _, o := range TopOrders {
		if o.Column == column {
			return o, true
		}
	}
	return TopOrder{}, false
}
