package task

// queue is a first-in, first-out queue in a ring that grows, and that gives
// its memory back when a long queue has been worked off.
type queue[T any] struct {
	ring  []T
	head  int
	count int
}

const (
	// minRing is small, since most owners never have more than one item at a
	// time, and keep the ring.
	minRing = 2
	// maxSpareRing is how long a ring may be that is kept while it is empty.
	maxSpareRing = 512
)

func (q *queue[T]) len() int { return q.count }

func (q *queue[T]) push(v T) {
	if q.count == len(q.ring) {
		q.resize(max(minRing, 2*len(q.ring)))
	}
	q.ring[(q.head+q.count)&(len(q.ring)-1)] = v
	q.count++
}

// front is the next element; the queue must not be empty.
func (q *queue[T]) front() T { return q.ring[q.head] }

// pop takes the next element; the queue must not be empty.
func (q *queue[T]) pop() T {
	var zero T
	v := q.ring[q.head]
	q.ring[q.head] = zero
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.count--
	if q.count == 0 && len(q.ring) > maxSpareRing {
		q.ring, q.head = nil, 0
	}
	return v
}

func (q *queue[T]) clear() { *q = queue[T]{} }

func (q *queue[T]) resize(n int) {
	ring := make([]T, n)
	for i := range q.count {
		ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
	}
	q.ring, q.head = ring, 0
}
