//go:build race

package luabind_test

// raced tells that the race detector is on, with which all takes longer.
const raced = true
