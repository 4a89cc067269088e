//go:build race

package check_test

// raceEnabled is true if the race detector is on, with which everything takes ten times as long.
const raceEnabled = true
