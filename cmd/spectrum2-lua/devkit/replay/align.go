package replay

// pair holds the positions of a recorded answer and of an equal new one.
type pair struct{ i, j int }

// maxTable limits the memory and the time of align.
const maxTable = 4 << 20

// align returns the longest common subsequence of n recorded and m new answers. If there
// are too many, it finds only the common beginning and end.
func align(n, m int, same func(i, j int) bool) (pairs []pair) {
	start := 0
	for start < n && start < m && same(start, start) {
		pairs = append(pairs, pair{start, start})
		start++
	}
	end := 0
	for end < n-start && end < m-start && same(n-1-end, m-1-end) {
		end++
	}
	pairs = append(pairs, middle(start, n-end, m-end, same)...)
	for k := end; k > 0; k-- {
		pairs = append(pairs, pair{n - k, m - k})
	}
	return pairs
}

// middle returns the longest common subsequence between start and the two ends.
func middle(start, n, m int, same func(i, j int) bool) (pairs []pair) {
	rows, columns := n-start, m-start
	if rows == 0 || columns == 0 || rows > maxTable/columns {
		return nil
	}
	equal := make([]bool, rows*columns)
	longest := make([]int32, (rows+1)*(columns+1)) // from here to the ends
	at := func(i, j int) int { return i*(columns+1) + j }
	for i := rows - 1; i >= 0; i-- {
		for j := columns - 1; j >= 0; j-- {
			if same(start+i, start+j) {
				equal[i*columns+j] = true
				longest[at(i, j)] = longest[at(i+1, j+1)] + 1
			} else {
				longest[at(i, j)] = max(longest[at(i+1, j)], longest[at(i, j+1)])
			}
		}
	}
	for i, j := 0, 0; i < rows && j < columns; {
		switch {
		case equal[i*columns+j]:
			pairs = append(pairs, pair{start + i, start + j})
			i, j = i+1, j+1
		case longest[at(i+1, j)] >= longest[at(i, j+1)]:
			i++
		default:
			j++
		}
	}
	return pairs
}
