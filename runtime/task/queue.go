package task

// queue is a first-in, first-out queue in a ring. The ring grows as needed, and a
// large one is freed when the queue becomes empty.
type queue[T any] struct {
	ring  []T
	head  int
	count int
}

const (
	// minRing is small: most owners keep a ring, and it rarely holds more than one
	// item.
	minRing = 2
	// maxSpareRing is the largest ring that an empty queue keeps.
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

// front returns the next element. The queue must not be empty.
func (q *queue[T]) front() T { return q.ring[q.head] }

// pop removes and returns the next element. The queue must not be empty.
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

func (q *queue[T]) clear() {
	clear(q.ring) // it may be part of a larger value
	*q = queue[T]{}
}

func (q *queue[T]) resize(n int) {
	ring := make([]T, n)
	for i := range q.count {
		ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
	}
	clear(q.ring)
	q.ring, q.head = ring, 0
}
